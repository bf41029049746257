#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::*;

#[test]
fn statuses_become_codes() {
    let rows = [
        (200, 0),
        (400, 13),
        (401, 16),
        (403, 7),
        (404, 12),
        (405, 2),
        (413, 8),
        (429, 14),
        (431, 8),
        (500, 2),
        (502, 14),
        (503, 14),
        (504, 4),
    ];
    for (status, code) in rows {
        assert_eq!(Code::of(StatusCode::from_u16(status).unwrap()) as u8, code, "{status}");
    }
}
