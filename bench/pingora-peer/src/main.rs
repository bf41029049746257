//! The smallest load balancer on Pingora: one thread, round robin, upstream connections kept.
//! usage: pingora-peer LISTEN UPSTREAM[,UPSTREAM…]

use std::sync::Arc;

use async_trait::async_trait;
use pingora::prelude::*;
use pingora::server::configuration::ServerConf;

struct Balancer(Arc<LoadBalancer<RoundRobin>>);

#[async_trait]
impl ProxyHttp for Balancer {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut ()) -> Result<Box<HttpPeer>> {
        let upstream = self.0.select(b"", 256).ok_or_else(|| Error::new_str("no upstream"))?;
        Ok(Box::new(HttpPeer::new(upstream, false, String::new())))
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [listen, upstreams] = &args[..] else {
        eprintln!("usage: pingora-peer LISTEN UPSTREAM[,UPSTREAM…]");
        std::process::exit(2);
    };
    let conf = ServerConf { threads: 1, upstream_keepalive_pool_size: 1024, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let balancer = LoadBalancer::try_from_iter(upstreams.split(',')).expect("upstreams are addresses");
    let mut service = http_proxy_service(&server.configuration, Balancer(Arc::new(balancer)));
    service.add_tcp(listen);
    server.add_service(service);
    server.run_forever();
}
