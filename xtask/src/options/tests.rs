use super::Options;

fn parse(line: &str) -> Options {
    Options::parse(line.split_whitespace().map(str::to_owned)).unwrap()
}

#[test]
fn words_switches_and_values_are_told_apart() {
    let options = parse("small,k1 --secs 3 --pingora --rounds=2");
    assert_eq!(options.words, ["small,k1"]);
    assert!(options.has("--pingora"));
    assert!(!options.has("--setup"));
    assert_eq!(options.number("--secs", 4).unwrap(), 3);
    assert_eq!(options.number("--rounds", 4).unwrap(), 2);
    assert_eq!(options.number("--top", 7).unwrap(), 7);
}

#[test]
fn an_option_may_be_repeated() {
    let options = parse("--except fuzz --except deny");
    assert_eq!(options.values("--except").collect::<Vec<_>>(), ["fuzz", "deny"]);
}

#[test]
fn a_missing_value_is_refused() {
    assert!(Options::parse(["--secs".to_owned()]).is_err());
}

#[test]
fn a_value_that_is_no_number_is_refused() {
    assert!(parse("--secs soon").number("--secs", 1).is_err());
}
