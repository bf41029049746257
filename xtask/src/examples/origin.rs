//! A tiny origin that can be killed and brought back at the same address.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::failure::{During, Outcome};

/// Answers GET with its name, on as many connections as there are; gone when dropped.
pub(super) struct Origin {
    name: &'static str,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    stopped: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    accepting: JoinHandle<()>,
}

impl Origin {
    /// On a free port of the loopback.
    pub(super) fn start(name: &'static str) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).during("bind an origin")?;
        let address = listener.local_addr().during("ask for the address of an origin")?;
        Ok(Self { name, address, running: Some(Running::on(listener, name)) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes its listener and cuts off all its connections, whatever passes on them.
    pub(super) fn kill(&mut self) {
        let Some(Running { stopped, open, accepting }) = self.running.take() else { return };
        stopped.store(true, Ordering::SeqCst);
        // Wakes the loop, which looks at the flag; if that fails, it has ended.
        let _ = TcpStream::connect(self.address);
        let _ = accepting.join();
        for stream in open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Fails if the other side was faster.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Listens again where it did before.
    pub(super) fn revive(&mut self) -> Outcome {
        let listener = TcpListener::bind(self.address).during("bind an origin again")?;
        self.running = Some(Running::on(listener, self.name));
        Ok(())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Running {
    fn on(listener: TcpListener, name: &'static str) -> Self {
        let (stopped, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stop, kept) = (Arc::clone(&stopped), Arc::clone(&open));
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(clone) = stream.try_clone() {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(clone);
                }
                thread::spawn(move || serve(stream, name));
            }
        });
        Self { stopped, open, accepting }
    }
}

/// Requests without content, one after the other.
fn serve(mut stream: TcpStream, name: &str) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
    while let Ok(got @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..got]);
        while let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            seen.drain(..at + 4);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
