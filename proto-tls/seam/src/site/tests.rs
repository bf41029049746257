use super::*;

fn site() -> Arc<Site> {
    let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
    let identity = Identity::of_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
    Arc::new(Site::new(identity))
}

#[test]
fn names_by_the_table() {
    let (exact, wild, deep, other) = (site(), site(), site(), site());
    let names = Names::new()
        .site("A.test", exact.clone())
        .site("*.a.test.", wild.clone())
        .site("*.deep.a.test", deep.clone())
        .site("exact.a.test", exact.clone());
    let table = [
        (Some("a.test"), Some(&exact)),
        (Some("A.TEST"), Some(&exact)),
        (Some("a.test."), Some(&exact)),
        (Some("www.a.test"), Some(&wild)),
        (Some("WWW.A.TEST."), Some(&wild)),
        (Some("exact.a.test"), Some(&exact)),
        (Some("deep.a.test"), Some(&wild)),
        (Some("x.deep.a.test"), Some(&deep)),
        (Some("x.www.a.test"), None),
        (Some("b.test"), None),
        (Some("test"), None),
        (Some(""), None),
        (Some("."), None),
        (Some("*.a.test"), Some(&wild)),
        (None, None),
    ];
    let is = |found: Option<&Arc<Site>>, expected: Option<&Arc<Site>>| match (found, expected) {
        (Some(found), Some(expected)) => Arc::ptr_eq(found, expected),
        (found, expected) => found.is_none() && expected.is_none(),
    };
    for (name, expected) in table {
        assert!(is(names.find(name), expected), "{name:?}");
    }
    let names = names.otherwise(other.clone());
    for (name, expected) in table {
        assert!(is(names.find(name), expected.or(Some(&other))), "{name:?}");
    }
}

#[test]
fn the_last_of_a_name_counts() {
    let (one, two) = (site(), site());
    let names = Names::new().site("a.test", one).site("A.test.", two.clone());
    assert!(Arc::ptr_eq(names.find(Some("a.test")).unwrap(), &two));
}

#[test]
fn what_was_made_is_kept_for_its_maker() {
    let site = site();
    let (one, two) = (Maker::unique(), Maker::unique());
    let make = |value: u32| move || Ok(value);
    assert_eq!(*site.prepared(one, make(1)).unwrap(), 1);
    assert_eq!(*site.prepared(one, make(2)).unwrap(), 1, "made once");
    assert_eq!(*site.prepared(two, make(3)).unwrap(), 3);
    let failed = site.prepared::<u32>(Maker::unique(), || Err(ConfigError::KeyMismatch));
    assert!(matches!(failed, Err(ConfigError::KeyMismatch)));
    assert_eq!(site.kept(), 2, "failures are not kept");
}

#[test]
fn makers_that_came_long_ago_are_forgotten() {
    let site = site();
    let mut last = Maker::unique();
    for _ in 0..1000 {
        last = Maker::unique();
        let _ = site.prepared(last, || Ok(0)).unwrap();
    }
    assert_eq!(site.kept(), KEPT);
    assert_eq!(*site.prepared(last, || Ok(1)).unwrap(), 0);
}

#[test]
fn a_maker_in_use_is_not_forgotten() {
    let site = site();
    let used = Maker::unique();
    for n in 0..100 {
        let _ = site.prepared(Maker::unique(), || Ok(n)).unwrap();
        assert_eq!(*site.prepared(used, || Ok(n)).unwrap(), 0, "after {n} others");
    }
}
