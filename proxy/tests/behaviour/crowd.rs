//! Many connections at once.

use simplon_testkit::time::settle;
use simplon_testkit::{Network, PipeConfig, Rig, Wire, get, ok};

/// Ten thousand at rest do not disturb a thousand that are busy.
#[tokio::test(start_paused = true)]
async fn many_connections_at_rest_and_many_that_are_busy() {
    let pipes = PipeConfig::default().capacity(512).unrecorded();
    let network = Network::with_pipes(pipes);
    let origin = network.origin();
    let app = simplon_proxy::App::new(simplon_proxy::To(origin.peer())).origins(network.origins());
    let rig = Rig::new(app).with_pipes(pipes);
    let origin = origin.answer(|request| ok(request.path()));
    let mut resting = Vec::new();
    for number in 0..10_000 {
        let (mut end, _) = rig.connect(([192, 0, 2, 1], 4711).into());
        // Every other one has spoken before it rests.
        if number % 2 == 0 {
            let mut wire = Wire::new(end);
            wire.send(get("/")).await;
            assert_eq!(wire.response().await.text(), "/");
            end = wire.into_end();
        }
        resting.push(end);
    }
    let mut busy: Vec<Wire> = (0..1000).map(|_| rig.client()).collect();
    for round in 0..3 {
        for (number, client) in busy.iter_mut().enumerate() {
            client.send(get(&format!("/{round}/{number}"))).await;
        }
        for (number, client) in busy.iter_mut().enumerate() {
            assert_eq!(client.response().await.text(), format!("/{round}/{number}"));
        }
    }
    settle().await;
    assert!(resting.iter().all(|end| !end.received().is_over()), "no connection at rest was given up");
    // As many as were busy at once, and no more: the second and third round found them at rest.
    assert!(origin.tries() <= 1001, "{}", origin.tries());
}
