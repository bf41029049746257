use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn octets_go_from_one_socket_to_another() {
    let (mut origin, from) = pair().await;
    let (to, mut client) = pair().await;
    let sent: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    let expected = sent.clone();
    let writes = tokio::spawn(async move { origin.write_all(&sent).await });
    let reads = tokio::spawn(async move {
        let mut got = vec![0; 300_000];
        client.read_exact(&mut got).await.map(|_| got)
    });
    let (mut pipe, mut left) = (Pipe::take().unwrap(), 300_000);
    while left > 0 {
        left -= poll_fn(|cx| pipe.poll_fill(cx, &from, left)).await.unwrap() as u64;
        while pipe.held() > 0 {
            poll_fn(|cx| pipe.poll_empty(cx, &to)).await.unwrap();
        }
    }
    writes.await.unwrap().unwrap();
    assert_eq!(reads.await.unwrap().unwrap(), expected);
    let end = poll_fn(|cx| pipe.poll_fill(cx, &from, 1)).await.unwrap();
    assert_eq!(end, 0, "the other side is gone");
}

#[tokio::test]
async fn no_more_is_taken_than_was_asked_for() {
    let (mut origin, mut from) = pair().await;
    origin.write_all(b"hello world").await.unwrap();
    let mut pipe = Pipe::take().unwrap();
    assert_eq!(poll_fn(|cx| pipe.poll_fill(cx, &from, 5)).await.unwrap(), 5);
    let mut rest = [0; 6];
    from.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b" world");
}

#[tokio::test]
async fn an_empty_pipe_serves_again_and_a_full_one_does_not() {
    let kept = || SPARE.with_borrow(Vec::len);
    let (mut origin, from) = pair().await;
    origin.write_all(b"hello").await.unwrap();
    drop(Pipe::take().unwrap());
    assert_eq!(kept(), 1);
    let mut pipe = Pipe::take().unwrap();
    assert_eq!(kept(), 0);
    poll_fn(|cx| pipe.poll_fill(cx, &from, 5)).await.unwrap();
    drop(pipe);
    assert_eq!(kept(), 0, "what it held must not reach anybody else");
}
