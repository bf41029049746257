use super::*;

#[test]
fn ninety_seven_in_a_hundred_are_enough() {
    for (noticed, missed, is_enough) in
        [(0, 0, true), (97, 3, true), (96, 4, false), (0, 1, false), (33, 1, true), (32, 1, false)]
    {
        assert_eq!(Counts { noticed, missed }.judge().is_ok(), is_enough, "{noticed} {missed}");
    }
}

#[test]
fn lines_of_each_list_are_counted_and_none_may_be_missing() {
    let folder = std::env::temp_dir().join(format!("xtask-mutants-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("caught.txt", "a\nb\n"), ("timeout.txt", "c\n"), ("missed.txt", "")] {
        fs::write(folder.join(name), text).unwrap();
    }
    assert_eq!(Counts::read(&folder).unwrap(), Counts { noticed: 3, missed: 0 });
    fs::remove_file(folder.join("missed.txt")).unwrap();
    let outcome = Counts::read(&folder);
    fs::remove_dir_all(&folder).unwrap();
    assert!(outcome.is_err(), "a run that was interrupted is no good run");
}

#[test]
fn what_is_left_out_has_a_reason() {
    let config = include_str!("../../../.cargo/mutants.toml");
    let list = config.split("exclude_re = [").nth(1).unwrap();
    let rows: Vec<&str> = list.lines().skip(1).map(str::trim).take_while(|row| *row != "]").collect();
    assert!(rows.len() > 1);
    for (before, row) in ["#"].iter().chain(&rows).zip(&rows) {
        assert!(row.starts_with('#') || before.starts_with(['#', '\'']), "{row} is left out without a word");
    }
    assert!(rows[0].starts_with('#'));
}
