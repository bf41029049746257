use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::time::settle;

#[tokio::test(start_paused = true)]
async fn octets_pass_in_order_and_are_recorded() {
    let (mut near, mut far) = pipe(PipeConfig::default().capacity(4));
    let writer = tokio::spawn(async move {
        near.write_all(b"hello, world").await.unwrap();
        near
    });
    let mut heard = [0; 12];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello, world");
    let near = writer.await.unwrap();
    assert_eq!(near.sent().octets(), b"hello, world");
    assert_eq!(far.received().count(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_full_pipe_makes_its_writer_wait() {
    let (mut near, mut far) = pipe(PipeConfig::default().capacity(4));
    let sent = near.sent();
    let writer = tokio::spawn(async move { near.write_all(b"12345678").await });
    settle().await;
    assert_eq!(sent.in_flight(), 4);
    assert!(!writer.is_finished());
    far.read_exact(&mut [0; 8]).await.unwrap();
    writer.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_half_close_ends_one_direction_alone() {
    let (mut near, mut far) = pipe(PipeConfig::default());
    near.shutdown().await.unwrap();
    assert_eq!(far.read(&mut [0; 1]).await.unwrap(), 0);
    far.write_all(b"late").await.unwrap();
    let mut heard = [0; 4];
    near.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"late");
}

#[tokio::test(start_paused = true)]
async fn a_reset_loses_what_was_not_read() {
    let (mut near, mut far) = pipe(PipeConfig::default());
    near.write_all(b"lost").await.unwrap();
    near.reset();
    assert_eq!(far.read(&mut [0; 4]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(far.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_end_dropped_with_octets_unread_resets_the_other() {
    let (mut near, mut far) = pipe(PipeConfig::default());
    far.write_all(b"answer").await.unwrap();
    near.write_all(b"unread").await.unwrap();
    drop(far);
    assert_eq!(near.read(&mut [0; 6]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_end_dropped_with_all_read_closes_cleanly() {
    let (mut near, mut far) = pipe(PipeConfig::default());
    far.write_all(b"answer").await.unwrap();
    drop(far);
    let mut heard = Vec::new();
    near.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"answer");
    assert_eq!(near.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_died_refuses_writes_and_says_nothing() {
    let (near, mut far) = pipe(PipeConfig::default());
    near.refuse_writes();
    assert_eq!(far.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    let silent = tokio::time::timeout(std::time::Duration::from_secs(9), far.read(&mut [0; 1])).await;
    assert!(silent.is_err());
}

#[tokio::test(start_paused = true)]
async fn writes_and_reads_can_be_short() {
    let (mut near, mut far) = pipe(PipeConfig::default().write_limit(3).read_limit(2));
    assert_eq!(near.write(b"12345").await.unwrap(), 3);
    assert_eq!(far.read(&mut [0; 5]).await.unwrap(), 2);
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
    assert_eq!(near.write_vectored(&slices).await.unwrap(), 3);
    assert_eq!(near.sent().octets(), b"123abc");
}
