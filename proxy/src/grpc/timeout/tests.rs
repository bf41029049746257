use super::*;

#[test]
fn every_unit_is_known() {
    let rows = [
        ("1H", Duration::from_secs(3600)),
        ("2M", Duration::from_secs(120)),
        ("3S", Duration::from_secs(3)),
        ("4m", Duration::from_millis(4)),
        ("5u", Duration::from_micros(5)),
        ("6n", Duration::from_nanos(6)),
        ("0S", Duration::ZERO),
        ("99999999H", Duration::from_secs(99_999_999 * 3600)),
    ];
    for (value, wait) in rows {
        assert_eq!(parse(value.as_bytes()), Some(wait), "{value}");
    }
}

#[test]
fn what_is_not_a_timeout_is_none() {
    for value in ["", "S", "1", "1s", "1h", "123456789S", "-1S", "+1S", "1.5S", " 1S", "1S ", "1SS", "1\u{e9}"] {
        assert_eq!(parse(value.as_bytes()), None, "{value:?}");
    }
}
