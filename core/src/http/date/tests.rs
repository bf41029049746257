use http::StatusCode;

use super::*;

#[test]
fn dates_are_written_as_the_rfc_has_them() {
    for (second, expected) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        (1_735_689_600, "Wed, 01 Jan 2025 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (13_569_465_600, "Sat, 01 Jan 2400 00:00:00 GMT"),
    ] {
        assert_eq!(String::from_utf8_lossy(&written(second)), expected);
    }
}

#[test]
fn every_day_follows_the_one_before() {
    let (mut year, mut month, mut day) = (1970, 0, 1);
    for days in 0..146_097 * 2 {
        assert_eq!(date(days), (year, month, day), "{days}");
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
        day += 1;
        if day > length {
            (day, month) = (1, month + 1);
        }
        if month == 12 {
            (month, year) = (0, year + 1);
        }
    }
}

#[test]
fn a_final_head_without_a_date_gets_one() {
    for (status, is_dated) in
        [(100, false), (103, false), (101, false), (200, true), (204, true), (304, true), (502, true)]
    {
        let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
        stamp(&mut head);
        assert_eq!(head.fields.all(Known::Date).count(), usize::from(is_dated), "{status}");
        if let Some(date) = head.fields.text(Known::Date) {
            assert_eq!((date.len(), date.ends_with(" GMT")), (29, true), "{date}");
        }
    }
    let mut head = ResponseHead::new(StatusCode::OK);
    head.fields.append("date", "yesterday").unwrap();
    stamp(&mut head);
    assert_eq!(head.fields.all(Known::Date).collect::<Vec<_>>(), [b"yesterday"]);
}
