use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

#[tokio::test]
async fn what_does_not_fit_is_kept_and_goes_out_first() {
    let (near, mut far) = duplex(4);
    let mut wire = Wire::new(near);
    assert_eq!(wire.write(b"0123456").unwrap(), 7);
    assert_eq!(wire.write(b"89").unwrap(), 2);
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        all
    });
    poll_fn(|cx| wire.poll_shutdown(cx)).await.unwrap();
    assert_eq!(reading.await.unwrap(), b"012345689");
}

#[tokio::test]
async fn reading_says_would_block_and_then_the_end() {
    let (near, mut far) = duplex(16);
    let mut wire = Wire::new(near);
    let mut octets = [0; 8];
    assert_eq!(wire.read(&mut octets).unwrap_err().kind(), ErrorKind::WouldBlock);
    far.write_all(b"abc").await.unwrap();
    assert_eq!(wire.read(&mut octets).unwrap(), 3);
    drop(far);
    assert!(!wire.is_at_end());
    assert_eq!(wire.read(&mut octets).unwrap(), 0);
    assert!(wire.is_at_end());
}

#[tokio::test]
async fn an_alert_in_the_clear_is_known_once_it_was_read() {
    let (near, mut far) = duplex(16);
    let mut wire = Wire::new(near);
    far.write_all(&[20, 3, 3, 0, 1, 1, 21, 3, 3, 0, 2, 2, 48]).await.unwrap();
    let mut octets = [0; 13];
    assert_eq!(wire.plain_alert(), None);
    wire.read_exact(&mut octets[..12]).unwrap();
    assert_eq!(wire.plain_alert(), None);
    wire.read_exact(&mut octets[12..]).unwrap();
    assert_eq!(wire.plain_alert(), Some(48));
}

#[tokio::test]
async fn a_peer_that_reads_nothing_does_not_fill_the_memory() {
    let (near, _far) = duplex(4);
    let mut wire = Wire::new(near);
    let piece = [0; 16 << 10];
    let taken = (0..64).take_while(|_| wire.write(&piece).is_ok()).count();
    assert!(taken * piece.len() <= MOST_UNSENT + 4, "{taken}");
    assert_eq!(wire.write(&piece).unwrap_err().kind(), ErrorKind::QuotaExceeded);
}

#[tokio::test]
async fn a_reader_does_not_take_the_place_of_the_writer_that_waits() {
    let (near, mut far) = duplex(4);
    let mut wire = Wire::new(near);
    wire.write_all(b"0123456789").unwrap();
    let woken = std::sync::Arc::new(Counting::default());
    let waker = Waker::from(woken.clone());
    assert!(wire.poll_drain(&mut Context::from_waker(&waker)).is_pending());
    wire.send_on_the_way(&Context::from_waker(Waker::noop())).unwrap();
    let mut octets = [0; 4];
    far.read_exact(&mut octets).await.unwrap();
    assert_eq!(woken.0.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[derive(Default)]
struct Counting(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Counting {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}
