//! How a connection of HTTP/2 begins (RFC 9113 §3.4).

/// What every client says first.
pub(super) const OCTETS: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether a connection begins with the preface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preface {
    /// Something else came.
    No,
    /// A beginning of it came, at least one octet.
    Begun,
    /// All of it came.
    Whole,
}

impl Preface {
    /// By what came so far, cut anywhere.
    pub(super) fn of(octets: &[u8]) -> Self {
        let n = octets.len().min(OCTETS.len());
        match n {
            0 => Self::No,
            _ if octets[..n] != OCTETS[..n] => Self::No,
            24 => Self::Whole,
            _ => Self::Begun,
        }
    }
}

#[cfg(test)]
mod tests;
