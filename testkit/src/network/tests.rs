use simplon_core::error::Replay;

use super::*;

#[tokio::test(start_paused = true)]
async fn an_unknown_address_refuses() {
    let error = Network::new().connect(&Peer::new(SocketAddr::from(([10, 9, 9, 9], 80)))).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(error.may_replay(), Replay::Safe);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_is_left_to_the_patience_of_its_caller() {
    let network = Network::new();
    let origin = network.origin();
    origin.hang();
    let day = std::time::Duration::from_secs(24 * 3600);
    assert!(tokio::time::timeout(day, network.connect(&origin.peer())).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn origins_of_a_network_are_told_apart() {
    let network = Network::new();
    let (mut one, mut two) = (network.origin(), network.origin());
    network.connect(&two.peer()).await.unwrap();
    two.accept().await;
    one.nobody_came().await;
    assert_eq!((one.tries(), two.tries()), (0, 1));
}
