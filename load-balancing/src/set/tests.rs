use super::*;

#[test]
fn a_backend_named_twice_stands_once_with_both_weights() {
    let set: BackendSet = [("192.0.2.1:80", 2), ("192.0.2.2:80", 1), ("192.0.2.1:80", u32::MAX)]
        .into_iter()
        .map(|(text, weight)| Backend::parse(text).unwrap().with_weight(weight))
        .collect();
    assert_eq!(set.len(), 2);
    assert_eq!(set.nth(0).unwrap().weight(), u32::MAX); // the sum stops there
    assert_eq!(set.nth(1).unwrap().id().to_string(), "192.0.2.2:80");
    assert!(set.nth(2).is_none());
}

#[test]
fn one_bad_address_refuses_the_list() {
    assert_eq!(BackendSet::parse(["192.0.2.1:80", "192.0.2.1"]).unwrap_err(), AddressError::NoPort);
    assert!(BackendSet::parse(Vec::<String>::new()).unwrap().is_empty());
}
