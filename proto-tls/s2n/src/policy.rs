//! Security policies: what s2n has in place of a choice of versions, cipher suites and groups.

use s2n_tls::security::Policy;
use simplon_proto_tls_seam::{Capability, ConfigError, Version};

use crate::{NAME, S2n, error};

/// The policy for these versions, and nothing else about it to choose.
///
/// All of them have forward secrecy, authenticated encryption, and X25519MLKEM768 first where there is TLS 1.3; their contents never change. The one
/// for both versions is what s2n's `default` is an alias of today.
pub(crate) fn of(
    oldest: Version,
    newest: Version,
    ciphers: Option<&[String]>,
    groups: Option<&[String]>,
) -> Result<Policy, ConfigError> {
    if ciphers.is_some() {
        return Err(lacks(Capability::CipherChoice));
    }
    if groups.is_some() {
        return Err(lacks(Capability::GroupChoice));
    }
    let name = name(oldest, newest, is_fips())?;
    Policy::from_version(name).map_err(|refused| error::config(&refused))
}

fn name(oldest: Version, newest: Version, fips: bool) -> Result<&'static str, ConfigError> {
    use Version::{Tls12, Tls13};
    Ok(match (oldest, newest, fips) {
        (Tls12, Tls13, false) => "20251014",
        (Tls12, Tls13, true) => "20251015",
        (Tls13, Tls13, false) => "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
        (Tls13, Tls13, true) => "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
        (Tls12, Tls12, false) => "ELBSecurityPolicy-FS-1-2-Res-2020-10",
        (Tls12, Tls12, true) => return Err(lacks(Capability::Only12)),
        _ => return Err(ConfigError::Malformed { what: format!("versions from {oldest} to {newest}") }),
    })
}

/// Whether the library below is the validated module, in force.
pub(crate) fn is_fips() -> bool {
    s2n_tls::init::init();
    s2n_tls::init::fips_mode().is_ok_and(|mode| mode.is_enabled())
}

/// What is told of a setting that has no counterpart.
pub(crate) fn lacks(capability: Capability) -> ConfigError {
    debug_assert!(!S2n::capabilities().has(capability), "{capability}");
    ConfigError::Unsupported { backend: NAME, capability }
}

#[cfg(test)]
mod tests;
