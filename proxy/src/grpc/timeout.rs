//! How long a caller waits.

use std::time::Duration;

use simplon_proto_http::Fields;

/// How long the caller of this request waits, from when it asked; `None` if it does not say, or not in a way that can be read.
///
/// Nothing is bounded by this alone; [`super::GrpcDeadline`] does that. The field goes to the origin as it is.
///
/// ```
/// use simplon_proto_http::Fields;
/// use simplon_proxy::grpc::timeout;
/// use std::time::Duration;
///
/// let mut fields = Fields::new();
/// fields.append("grpc-timeout", "250m")?;
/// assert_eq!(timeout(&fields), Some(Duration::from_millis(250)));
/// # Ok::<(), simplon_proto_http::fields::FieldError>(())
/// ```
pub fn timeout(fields: &Fields) -> Option<Duration> {
    parse(fields.get("grpc-timeout")?)
}

/// Reads the value of `grpc-timeout`.
///
/// Shape:   one to eight digits and a unit: `H`, `M`, `S`, `m` (milli), `u` (micro), `n` (nano).
/// Gives:   `None` for anything else.
/// Cost:    O(1).
/// Source:  gRPC over HTTP/2, "Requests", Timeout.
pub fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits.iter().fold(0, |count, digit| count * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(count * 3600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
