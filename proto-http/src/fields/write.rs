//! A list as it stands on the wire of HTTP/1.

use super::Fields;
use super::list::{Entry, Home, List, OTHER};

/// Octets that are written in one go.
#[derive(Clone, Copy)]
struct Run {
    home: Home,
    from: usize,
    to: usize,
}

impl Fields {
    /// Writes all fields in order but those in the set `skip`.
    ///
    /// Neighbours that stand in their block exactly as they would be written (`name: value CR LF`, checked) are copied in one go.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>, skip: u64) {
        self.list().write_to(out, skip);
    }
}

impl List {
    fn write_to(&self, out: &mut Vec<u8>, skip: u64) {
        let mut run = Run { home: Home::Block, from: 0, to: 0 };
        for entry in &self.entries {
            if entry.known != OTHER && skip & (1 << entry.known) != 0 {
                continue;
            }
            match self.line_of(entry) {
                Some(line) if line.home == run.home && line.from == run.to => run.to = line.to,
                Some(line) => {
                    self.copy(out, run);
                    run = line;
                }
                None => {
                    self.copy(out, run);
                    run.from = run.to;
                    self.write(out, entry);
                }
            }
        }
        self.copy(out, run);
    }

    fn copy(&self, out: &mut Vec<u8>, run: Run) {
        let home: &[u8] = match run.home {
            Home::Block => &self.block,
            Home::Arena => &self.arena,
        };
        out.extend_from_slice(&home[run.from..run.to]);
    }

    fn write(&self, out: &mut Vec<u8>, entry: &Entry) {
        out.extend_from_slice(self.name(entry));
        out.extend_from_slice(b": ");
        out.extend_from_slice(self.value(entry));
        out.extend_from_slice(b"\r\n");
    }

    /// The field's line, if it stands in its home as it would be written.
    fn line_of(&self, entry: &Entry) -> Option<Run> {
        let (from, value_at) = (entry.name_at as usize, entry.value_at as usize);
        let (colon, end) = (from + usize::from(entry.name_len), value_at + entry.value_len as usize);
        let rest = self.home(entry).get(colon..end + 2)?;
        let is_exact = value_at == colon + 2 && rest.first_chunk() == Some(b": ") && rest.last_chunk() == Some(b"\r\n");
        is_exact.then_some(Run { home: entry.home, from, to: end + 2 })
    }
}
