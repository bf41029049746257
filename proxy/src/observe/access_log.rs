//! One line of JSON for each exchange, written by a thread of its own.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use super::{Event, Observe, Record};

/// Lines that wait to be written. Beyond that, lines are dropped and counted: a slow disk does not slow the proxy.
const WAITING: usize = 64 << 10;

/// Writes one line of JSON for each exchange. Queries are left out of the target, since they carry secrets.
///
/// Dropping the last handle writes what is left and waits for it.
#[derive(Clone, Debug)]
pub struct AccessLog(Arc<Writer>);

#[derive(Debug)]
struct Writer {
    lines: Option<SyncSender<String>>,
    dropped: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AccessLog {
    /// Writes to `out`, flushing whenever nothing more waits.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("access-log".into()).spawn(move || write_all(&waiting, out))?;
        Ok(Self(Arc::new(Writer { lines: Some(lines), dropped: AtomicU64::new(0), thread: Mutex::new(Some(thread)) })))
    }

    /// Lines that were dropped because the writer did not keep up.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Relaxed)
    }
}

impl<Ctx> Observe<Ctx> for AccessLog {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        let Event::Done(record) = event else { return };
        let sent = self.0.lines.as_ref().is_some_and(|lines| lines.try_send(line(record, SystemTime::now())).is_ok());
        if !sent {
            self.0.dropped.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// A writer that fails is given up: the receiver goes away, and lines count as dropped from then on.
fn write_all(waiting: &Receiver<String>, out: impl Write) {
    let mut out = io::BufWriter::new(out);
    while let Ok(line) = waiting.recv() {
        let mut next = Some(line);
        while let Some(line) = next {
            if out.write_all(line.as_bytes()).is_err() {
                return;
            }
            next = waiting.try_recv().ok();
        }
        if out.flush().is_err() {
            return;
        }
    }
}

fn line(record: &Record, at: SystemTime) -> String {
    let mut line = String::with_capacity(256);
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let _ = write!(line, "{{\"at\":{}.{:03}", at.as_secs(), at.subsec_millis());
    text(&mut line, "client", record.client.map(|client| client.to_string()).as_deref());
    text(&mut line, "method", record.method.as_ref().map(http::Method::as_str));
    text(&mut line, "authority", record.authority.as_deref().map(String::from_utf8_lossy).as_deref());
    text(&mut line, "path", record.target.as_deref().map(without_query).as_deref());
    if let Some(facts) = &record.tls {
        text(&mut line, "tls", Some(&facts.version.to_string()));
        text(&mut line, "cipher", Some(facts.cipher));
        text(&mut line, "server_name", facts.server_name.as_deref());
        text(&mut line, "subject", facts.peer_certificate().and_then(|shown| shown.subject()).as_deref());
    }
    number(&mut line, "status", record.status.map(|status| u128::from(status.as_u16())));
    text(&mut line, "end", Some(&format!("{:?}", record.end)));
    text(&mut line, "error", record.error);
    text(&mut line, "upstream", record.peer.as_ref().map(|peer| peer.address().to_string()).as_deref());
    number(&mut line, "attempts", Some(u128::from(record.attempts)));
    number(&mut line, "request_octets", Some(u128::from(record.request_octets)));
    number(&mut line, "response_octets", Some(u128::from(record.response_octets)));
    number(&mut line, "first_octet_us", record.first_octet.map(|took| took.as_micros()));
    number(&mut line, "took_us", Some(record.took.as_micros()));
    line.push_str("}\n");
    line
}

fn without_query(target: &[u8]) -> std::borrow::Cow<'_, str> {
    let end = target.iter().position(|&octet| octet == b'?').unwrap_or(target.len());
    String::from_utf8_lossy(&target[..end])
}

fn number(line: &mut String, key: &str, value: Option<u128>) {
    if let Some(value) = value {
        let _ = write!(line, ",\"{key}\":{value}");
    }
}

fn text(line: &mut String, key: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    let _ = write!(line, ",\"{key}\":\"");
    for symbol in value.chars() {
        match symbol {
            '"' | '\\' => line.extend(['\\', symbol]),
            control if control.is_control() => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            plain => line.push(plain),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests;
