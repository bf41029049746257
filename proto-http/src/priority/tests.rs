use super::*;
use crate::{RequestHead, Target};

/// What the field says of the urgency, and whether it is incremental.
type Said = (Option<u8>, Option<bool>);

const NOTHING: Said = (None, None);

fn said(value: &str) -> Said {
    let Priority { urgency, incremental } = Priority::parse(value.as_bytes());
    (urgency, incremental)
}

fn check(table: &[(&str, Said)]) {
    for (value, expected) in table {
        assert_eq!(said(value), *expected, "{value}");
    }
}

#[test]
fn urgency_and_incremental_are_read() {
    check(&[
        ("u=0", (Some(0), None)),
        ("u=7", (Some(7), None)),
        ("i", (None, Some(true))),
        ("i=?1", (None, Some(true))),
        ("i=?0", (None, Some(false))),
        ("u=5, i", (Some(5), Some(true))),
        ("i,u=5", (Some(5), Some(true))),
        ("  u=1 \t,\t i=?0  ", (Some(1), Some(false))),
        ("u=1;foo=bar;x, i;y", (Some(1), Some(true))),
        ("", NOTHING),
        ("   ", NOTHING),
    ]);
}

/// RFC 9218 §4: a value out of range or of another type is ignored, and so is a parameter that is not known.
#[test]
fn what_is_not_known_says_nothing() {
    check(&[
        ("u=8", NOTHING),
        ("u=-1", NOTHING),
        ("u=2.0", NOTHING),
        ("u=\"2\"", NOTHING),
        ("u", NOTHING),
        ("u=?1, i", (None, Some(true))),
        ("u=(1 2), i", (None, Some(true))),
        ("i=1, u=2", (Some(2), None)),
        ("U=1", NOTHING),
        (
            "x=1, u=4, *y.z-1_=tok/en:1, w=:YQ==:, v=@17, t=%\"%c3%bc\", s=\"a\\\"\\\\b\", r=-1.5, q=();p",
            (Some(4), None),
        ),
    ]);
}

/// RFC 9651 §3.2: the last one counts, whatever it is.
#[test]
fn of_members_with_the_same_key_the_last_one_counts() {
    check(&[("u=1, u=2", (Some(2), None)), ("u=1, u=9", NOTHING), ("i, i=?0", (None, Some(false)))]);
}

/// RFC 9651 §4.2: a field that cannot be read to its end is ignored whole.
#[test]
fn what_is_no_dictionary_says_nothing() {
    let bad = [
        "u=1,",
        "u=1,,i",
        ",u=1",
        "u=",
        "u=1 i",
        "u=1;",
        "u=1;=2",
        "u =1",
        "u= 1",
        "=1",
        "1",
        "u=1, I",
        "i=?2",
        "i=?",
        "u=1.",
        "u=.1",
        "u=1.2345",
        "u=1234567890123456",
        "u=1234567890123.1",
        "u=-",
        "u=--1",
        "u=1, x=\"a",
        "u=1, x=\"\\a\"",
        "u=1, x=\"\u{fc}\"",
        "u=1, x=:a",
        "u=1, x=:-:",
        "u=1, x=(1",
        "u=1, x=(1,2)",
        "u=1, x=(1\"a\")",
        "u=1, x=@1.5",
        "u=1, x=@a",
        "u=1, x=%a",
        "u=1, x=%\"%C3\"",
        "u=1, x=%\"%c3\"",
        "u=1, x=%\"%c\"",
        "u=1, x=!",
        "u=1\n",
        "\tu=1",
    ];
    for value in bad {
        assert_eq!(said(value), NOTHING, "{value}");
    }
}

#[test]
fn whoever_says_nothing_is_neither_urgent_nor_patient() {
    let usual = Priority::default();
    assert_eq!((usual.urgency(), usual.is_incremental()), (3, false));
}

#[test]
fn a_response_changes_what_it_names() {
    let table = [
        ("u=5, i", "u=1", (1, true)),
        ("u=5, i", "i=?0", (5, false)),
        ("u=5, i", "", (5, true)),
        ("u=5, i", "u=9", (5, true)),
        ("", "u=6", (6, false)),
    ];
    for (asked, answered, expected) in table {
        let merged = Priority::parse(asked.as_bytes()).merged(Priority::parse(answered.as_bytes()));
        assert_eq!((merged.urgency(), merged.is_incremental()), expected, "{asked} and {answered}");
    }
}

#[test]
fn lines_of_the_field_are_one_list() {
    let table: [(&[&str], Said); 4] = [
        (&["u=1", "i"], (Some(1), Some(true))),
        (&["u=1", "i", "u=2"], (Some(2), Some(true))),
        (&["u=1", ""], NOTHING),
        (&[], NOTHING),
    ];
    for (lines, (urgency, incremental)) in table {
        let mut head = RequestHead::new(http::Method::GET, Target::origin("/").unwrap());
        lines.iter().for_each(|line| head.fields.append("Priority", *line).unwrap());
        assert_eq!(head.priority(), Priority { urgency, incremental }, "{lines:?}");
    }
}

/// Cut anywhere it is read or ignored, without a panic.
#[test]
fn beginnings_of_fields_do_no_harm() {
    let whole = "x=1, u=4, y=tok/en:1, w=:YQ==:, v=@17, t=%\"%c3%bc\", s=\"a\\\"\\\\b\", r=-1.5, q=(1 \"a\";b);p, i";
    for end in 0..whole.len() {
        let (urgency, incremental) = said(&whole[..end]);
        assert!(urgency.is_none_or(|urgency| urgency == 4) && incremental.is_none(), "{}", &whole[..end]);
    }
    assert_eq!(said(whole), (Some(4), Some(true)));
}
