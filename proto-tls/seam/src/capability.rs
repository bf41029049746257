//! What a backend can do, beyond what all of them can.

use std::fmt;

/// Something that not every library has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// X25519MLKEM768, a key agreement that quantum computers do not break.
    PostQuantum,
    /// A choice of cipher suites by name.
    CipherChoice,
    /// A choice of key agreement groups by name.
    GroupChoice,
    /// Session secrets written out for a network analyser.
    KeyLog,
    /// Certificate revocation lists.
    Crl,
    /// Ticket keys of our own, rotated and shared between processes.
    TicketKeys,
    /// OCSP staples.
    Stapling,
    /// The validated module of the library, in this build.
    Fips,
    /// Names beside the expected one that a peer may prove.
    AlternativeNames,
    /// TLS 1.2 alone, without 1.3.
    Only12,
}

impl Capability {
    /// All of them, in the order of the table in the guide.
    pub const ALL: [Self; 10] = [
        Self::PostQuantum,
        Self::CipherChoice,
        Self::GroupChoice,
        Self::KeyLog,
        Self::Crl,
        Self::TicketKeys,
        Self::Stapling,
        Self::Fips,
        Self::AlternativeNames,
        Self::Only12,
    ];

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostQuantum => "post-quantum key agreement",
            Self::CipherChoice => "choice of cipher suites",
            Self::GroupChoice => "choice of groups",
            Self::KeyLog => "key log",
            Self::Crl => "revocation lists",
            Self::TicketKeys => "shared ticket keys",
            Self::Stapling => "OCSP stapling",
            Self::Fips => "FIPS",
            Self::AlternativeNames => "alternative names",
            Self::Only12 => "TLS 1.2 alone",
        })
    }
}

/// A set of [`Capability`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u32);

impl Capabilities {
    /// These.
    #[must_use]
    pub const fn of(capabilities: &[Capability]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < capabilities.len() {
            bits |= capabilities[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// These and one more, if `has` says so.
    #[must_use]
    pub const fn and_if(self, capability: Capability, has: bool) -> Self {
        if has { Self(self.0 | capability.bit()) } else { self }
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// Fails unless it is among them.
    ///
    /// # Errors
    /// [`crate::ConfigError::Unsupported`], naming both.
    pub fn require(self, backend: &'static str, capability: Capability) -> Result<(), crate::ConfigError> {
        if self.has(capability) { Ok(()) } else { Err(crate::ConfigError::Unsupported { backend, capability }) }
    }
}
