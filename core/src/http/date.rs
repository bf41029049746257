//! The Date field of responses (RFC 9110 §6.6.1).

use std::cell::RefCell;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use simplon_proto_http::Fields;
use simplon_proto_http::fields::Known;
use simplon_proto_http::head::ResponseHead;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: u64 = 86_400;
/// All dates are of this length.
const OCTETS: usize = 29;

thread_local! {
    /// The second that was written last, and how it is written.
    static WRITTEN: RefCell<(u64, Fields)> = const { RefCell::new((u64::MAX, Fields::new())) };
}

/// Says in a final response when it was made, if nobody did.
///
/// Cost: a test of a bit; where there is no Date, a look at the clock, which is no system call, and a copy of some octets. A date is written out
/// once a second for each thread.
pub(super) fn stamp(head: &mut ResponseHead) {
    if !head.status.is_informational() && !head.fields.contains(Known::Date) {
        append(head);
    }
}

fn append(head: &mut ResponseHead) {
    // A clock that is before 1970 is none.
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return };
    WRITTEN.with_borrow_mut(|(second, fields)| {
        if *second != now.as_secs() {
            *second = now.as_secs();
            fields.clear();
            let set = fields.append(Known::Date, written(*second));
            debug_assert_eq!(set, Ok(()));
        }
        let appended = head.fields.append_all(fields);
        debug_assert_eq!(appended, Ok(()));
    });
}

/// IMF-fixdate (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn written(second: u64) -> [u8; OCTETS] {
    let (days, rest) = (second / DAY, second % DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let (weekday, month) = (DAYS[(days % 7) as usize], MONTHS[month]);
    let mut octets = [b' '; OCTETS];
    // From the year 10000 on the last octets are cut off.
    let _ = write!(&mut octets[..], "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT");
    octets
}

/// Year, month from 0 and day from 1 of a day since 1970. Years begin in March, so that a leap day is the last; 400 of them have 146,097 days.
fn date(days: u64) -> (u64, usize, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let is_next = month >= 10;
    let month = if is_next { month - 10 } else { month + 2 };
    (400 * era + year + u64::from(is_next), month as usize, day)
}

#[cfg(test)]
mod tests;
