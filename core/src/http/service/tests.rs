use crate::net::Transport;

use super::*;

struct Nobody;

impl Serve for Nobody {
    async fn serve(&self, _exchange: &mut Exchange) {}
}

/// With what the runtime adds to it, the task of a connection takes 512 octets, and twice that would be a third of all that one at rest takes.
#[test]
fn what_serves_a_connection_is_small() {
    let http = Http::new(Nobody);
    let info = Arc::new(ConnInfo::new("test".into(), Transport::Other));
    let served = http.serve_stream(Stream::other(tokio::io::empty()), info, Drain::never());
    assert!(size_of_val(&served) <= 224, "{} octets", size_of_val(&served));
}
