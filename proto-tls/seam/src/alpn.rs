//! Application protocols as they stand on the wire (RFC 7301 §3.1): a length of one octet before each.

use crate::error::ConfigError;

/// A list for the wire.
///
/// # Errors
/// A name is empty or longer than 255 octets.
pub fn encode(protocols: &[Vec<u8>]) -> Result<Vec<u8>, ConfigError> {
    let mut wire = Vec::with_capacity(protocols.iter().map(|name| name.len() + 1).sum());
    for name in protocols {
        let length = u8::try_from(name.len()).ok().filter(|length| *length > 0);
        let Some(length) = length else {
            let what = format!("the application protocol `{}`: 1 to 255 octets", name.escape_ascii());
            return Err(ConfigError::Malformed { what });
        };
        wire.push(length);
        wire.extend_from_slice(name);
    }
    Ok(wire)
}

/// The first of `preferred` that a client offers.
#[must_use]
pub fn select<'a>(preferred: &[Vec<u8>], offered: &'a [u8]) -> Option<&'a [u8]> {
    preferred.iter().find_map(|wanted| Offered(offered).find(|name| name == wanted))
}

struct Offered<'a>(&'a [u8]);

impl<'a> Iterator for Offered<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(name)
    }
}

#[cfg(test)]
mod tests;
