//! `grpc-timeout`: what is read is what the grammar says, and nothing else is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simplon_proto_http::Fields;
use simplon_proxy::grpc::{parse_timeout, timeout};

fuzz_target!(|data: &[u8]| {
    let read = parse_timeout(data);
    assert_eq!(read.map(|wait| wait.as_nanos()), nanoseconds(data), "{}", data.escape_ascii());
    let mut fields = Fields::new();
    if fields.append("Grpc-Timeout", data).is_ok() {
        assert_eq!(timeout(&fields), parse_timeout(data.trim_ascii()));
    }
});

/// At most eight digits, at least one, and a unit.
fn nanoseconds(value: &[u8]) -> Option<u128> {
    let text = std::str::from_utf8(value).ok()?;
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.len() > 8 || digits.contains(|digit: char| !digit.is_ascii_digit()) {
        return None;
    }
    let scale = match unit {
        'H' => 3_600_000_000_000,
        'M' => 60_000_000_000,
        'S' => 1_000_000_000,
        'm' => 1_000_000,
        'u' => 1_000,
        'n' => 1,
        _ => return None,
    };
    digits.parse::<u128>().ok().map(|count| count * scale)
}
