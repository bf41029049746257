use super::*;

#[test]
fn the_table_is_in_the_order_of_the_names() {
    for (at, row) in TABLE.iter().enumerate() {
        assert_eq!(row.rule as usize, at, "{row:?}");
        assert_eq!(row.rule.row(), row);
    }
}

#[test]
fn every_row_says_where_it_is_written_and_what_was_found() {
    for row in TABLE {
        assert!(row.source.starts_with("RFC "), "{row:?}");
        assert!(row.summary.len() > 8 && !row.summary.ends_with('.'), "{row:?}");
        assert!((400..600).contains(&row.status) || row.is_dropping(), "{row:?}");
        assert_eq!(row.side == Side::Response, row.status == 502, "{row:?}");
    }
}

#[test]
fn every_switch_relaxes_the_row_that_names_it() {
    let mut all = Leniency::default();
    let Leniency {
        equal_lengths,
        length_with_encoding,
        bare_line_feeds,
        folded_responses,
        host_missing,
        names_alike,
        raw_targets,
    } = &mut all;
    for switch in
        [equal_lengths, length_with_encoding, bare_line_feeds, folded_responses, host_missing, names_alike, raw_targets]
    {
        *switch = Switch::Lenient;
    }
    for row in TABLE {
        assert_eq!(row.lenient.is_some(), all.of(row.rule).is_lenient(), "{row:?}");
        assert_eq!(row.lenient.is_some(), Leniency::RELAXABLE.contains(&row.rule), "{row:?}");
        assert_eq!(Leniency::default().of(row.rule), Switch::Strict);
    }
}

#[test]
fn uses_are_counted_per_rule() {
    let uses = Relaxed::default();
    uses.count(Rule::ObsFold);
    uses.count(Rule::ObsFold);
    uses.count(Rule::Nul);
    let read = uses.read();
    assert!(read.contains(&(Rule::ObsFold, 2)));
    assert_eq!(read.iter().map(|(_, n)| n).sum::<u64>(), 2);
    assert_eq!(uses.clone().read().iter().map(|(_, n)| n).sum::<u64>(), 0);
}

#[test]
fn what_is_dropped_is_counted_for_every_row_that_drops() {
    let dropped = Dropped::default();
    let rows: Vec<Rule> = TABLE.iter().filter(|row| row.is_dropping()).map(|row| row.rule).collect();
    rows.iter().for_each(|rule| dropped.count(*rule, 2));
    assert_eq!(dropped.read().to_vec(), rows.iter().map(|rule| (*rule, 2)).collect::<Vec<_>>());
}
