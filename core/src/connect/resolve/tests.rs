use super::*;

#[tokio::test]
async fn system_knows_localhost() {
    let found = SystemResolver::new().resolve("localhost", 80).await.unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80));
}

#[tokio::test]
async fn static_names_take_the_port_that_was_asked_for() {
    let resolver = StaticResolver::new()
        .with("origin", ["192.0.2.1:0".parse().unwrap(), "192.0.2.2:81".parse().unwrap()])
        .with("empty", []);
    let found = resolver.resolve("origin", 80).await.unwrap();
    assert_eq!(found, ["192.0.2.1:80".parse().unwrap(), "192.0.2.2:81".parse().unwrap()]);
    assert!(resolver.resolve("empty", 80).await.unwrap().is_empty());
    assert_eq!(resolver.resolve("other", 80).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}
