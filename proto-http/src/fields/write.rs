//! A list as it stands on the wire of HTTP/1.

use super::Fields;
use super::list::{Entry, Home, List};

/// Octets that are written in one go.
#[derive(Clone, Copy)]
struct Run {
    home: Home,
    from: u32,
    to: u32,
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
        let mut run = Run { home: Home::Line, from: 0, to: 0 };
        for entry in &self.entries {
            if entry.is_in(skip) {
                continue;
            }
            let (from, to) = (entry.name_at, entry.value_at + entry.value_len + 2);
            if entry.home == Home::Block {
                self.copy(out, run);
                run.from = run.to;
                self.write(out, entry);
            } else if (entry.home, from) == (run.home, run.to) {
                run.to = to;
            } else {
                self.copy(out, run);
                run = Run { home: entry.home, from, to };
            }
        }
        self.copy(out, run);
    }

    fn copy(&self, out: &mut Vec<u8>, run: Run) {
        let home = run.home.of(&self.block, &self.arena);
        out.extend_from_slice(&home[run.from as usize..run.to as usize]);
    }

    fn write(&self, out: &mut Vec<u8>, entry: &Entry) {
        out.extend_from_slice(self.name(entry));
        out.extend_from_slice(b": ");
        out.extend_from_slice(self.value(entry));
        out.extend_from_slice(b"\r\n");
    }
}
