use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;

use super::*;

async fn tcp_pair() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (near.unwrap().into(), far.unwrap().0)
}

/// Lets the driver look at the sockets until the stream is no longer quiet, a bounded number of times.
async fn settled(stream: &mut Stream, probe: Probe) -> AtRest {
    for _ in 0..1000 {
        match stream.at_rest(probe) {
            AtRest::Quiet => tokio::task::yield_now().await,
            found => return found,
        }
    }
    AtRest::Quiet
}

#[tokio::test]
async fn untouched_connections_are_quiet() {
    let (mut tcp, _far) = tcp_pair().await;
    let (near, _far_unix) = UnixStream::pair().unwrap();
    let (pipe, _far_pipe) = duplex(8);
    for stream in [&mut tcp, &mut near.into(), &mut Stream::other(pipe)] {
        assert_eq!(stream.at_rest(Probe::Readiness), AtRest::Quiet);
        assert_eq!(stream.at_rest(Probe::Socket), AtRest::Quiet);
    }
}

#[tokio::test]
async fn closed_tcp_connection_is_noticed_by_both_probes() {
    for probe in [Probe::Readiness, Probe::Socket] {
        let (mut near, far) = tcp_pair().await;
        drop(far);
        assert_eq!(settled(&mut near, probe).await, AtRest::Closed);
    }
}

#[tokio::test]
async fn reset_tcp_connection_is_noticed_by_both_probes() {
    for probe in [Probe::Readiness, Probe::Socket] {
        let (mut near, far) = tcp_pair().await;
        SockRef::from(&far).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(far);
        assert_eq!(settled(&mut near, probe).await, AtRest::Closed);
    }
}

#[tokio::test]
async fn octets_that_nobody_asked_for_are_noticed_by_both_probes() {
    for probe in [Probe::Readiness, Probe::Socket] {
        let (mut near, mut far) = tcp_pair().await;
        far.write_all(b"HTTP/1.1 408").await.unwrap();
        assert_eq!(settled(&mut near, probe).await, AtRest::Spoke);
    }
}

#[tokio::test]
async fn connection_at_rest_after_an_exchange_is_quiet_and_then_noticed() {
    let (mut near, mut far) = tcp_pair().await;
    far.write_all(b"answer").await.unwrap();
    let mut answer = [0; 6];
    near.read_exact(&mut answer).await.unwrap();
    assert_eq!(near.at_rest(Probe::Readiness), AtRest::Quiet);
    drop(far);
    assert_eq!(settled(&mut near, Probe::Readiness).await, AtRest::Closed);
}

#[tokio::test]
async fn streams_of_other_make_are_read_once() {
    let (near, mut far) = duplex(8);
    let mut near = Stream::other(near);
    far.write_all(b"x").await.unwrap();
    assert_eq!(near.at_rest(Probe::Socket), AtRest::Spoke);
    assert_eq!(near.at_rest(Probe::Readiness), AtRest::Quiet);
    drop(far);
    assert_eq!(near.at_rest(Probe::Readiness), AtRest::Closed);
}

#[tokio::test]
async fn vectored_writes_go_out_as_one() {
    let (mut near, mut far) = tcp_pair().await;
    assert!(near.is_write_vectored());
    let n = near.write_vectored(&[IoSlice::new(b"he"), IoSlice::new(b"ad")]).await.unwrap();
    assert_eq!(n, 4);
    let mut got = [0; 4];
    far.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"head");
}
