//! Priority: what is a dictionary is read as one, whatever else stands in it, and what is none says nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simplon_proto_http::Fields;
use simplon_proto_http::priority::Priority;

fuzz_target!(|data: &[u8]| {
    let [mode, octets @ ..] = data else { return };
    let read = Priority::parse(octets);
    assert!(read.urgency() <= 7);
    last_one_counts(octets, read);
    lines(usize::from(*mode), octets);
    built(octets);
});

/// One more member: either the whole is no dictionary, or that member counts.
fn last_one_counts(octets: &[u8], before: Priority) {
    for (member, urgency, incremental) in [("u=6", Some(6), None), ("i", None, Some(true)), ("i=?0", None, Some(false))]
    {
        let glue: &[u8] = if octets.iter().all(|octet| *octet == b' ') { b"" } else { b" ,\t" };
        let after = Priority::parse(&[octets, glue, member.as_bytes()].concat());
        let counts = urgency.is_none_or(|urgency| after.urgency() == urgency)
            && incremental.is_none_or(|incremental| after.is_incremental() == incremental);
        let is_none = after == Priority::default();
        assert!(counts || is_none, "{}: {after:?}", octets.escape_ascii());
        // What was said before stays, unless it was no dictionary.
        if counts && !is_none && before != Priority::default() {
            assert!(urgency.is_some() || after.urgency() == before.urgency());
            assert!(incremental.is_some() || after.is_incremental() == before.is_incremental());
        }
    }
}

/// Lines of one name are one list.
fn lines(at: usize, octets: &[u8]) {
    let (first, second) = octets.split_at(at.min(octets.len()));
    let mut fields = Fields::new();
    let added = [first, second].iter().all(|line| fields.append("Priority", *line).is_ok());
    if added {
        let (first, second) = (first.trim_ascii(), second.trim_ascii());
        assert_eq!(Priority::of(&fields), Priority::parse(&[first, second].join(&b", "[..])));
    }
}

/// A dictionary made of members that are well-formed, the last of each name known.
fn built(octets: &[u8]) {
    let (mut members, mut urgency, mut incremental) = (Vec::new(), None, None);
    for pair in octets.chunks_exact(2).take(20) {
        let value = i64::from(pair[1]);
        members.push(match pair[0] % 12 {
            0 => {
                urgency = Some(value % 8);
                format!("u={}", value % 8)
            }
            1 => {
                urgency = None;
                format!("u={}", value + 8)
            }
            2 => {
                urgency = None;
                format!("u=-{};a", value + 1)
            }
            3 => {
                incremental = Some(true);
                "i;q=1.25;b=\"a,\\\" i=?0\"".to_owned()
            }
            4 => {
                incremental = Some(value & 1 != 0);
                format!("i=?{}", value & 1)
            }
            5 => {
                incremental = None;
                format!("i={value}.5")
            }
            6 => format!("x{value}=\"u={value}, i\""),
            7 => format!("a*=(1 \"u=7\";p tok/en;q=?1  :YWJj:)"),
            8 => format!("d=@{value}"),
            9 => "e=%\"f%c3%bc,u=1\"".to_owned(),
            10 => {
                urgency = None;
                "u=(1 2)".to_owned()
            }
            _ => format!("uu={};u=1", value % 8),
        });
    }
    let text = members.join([", ", ",", " ,\t"][members.len() % 3]);
    let read = Priority::parse(text.as_bytes());
    assert_eq!(i64::from(read.urgency()), urgency.unwrap_or(3), "{text}");
    assert_eq!(read.is_incremental(), incremental.unwrap_or(false), "{text}");
    // Half of a string or of a list is no dictionary.
    for open in [", z=\"", ", z=(", ", z=:", ", z=%\"", ","] {
        assert_eq!(Priority::parse(format!("{text}{open}").as_bytes()), Priority::default(), "{text}{open}");
    }
}
