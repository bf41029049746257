//! What both ends set in a context: versions, cipher suites, groups, the key log.

use std::sync::Arc;

use boring::error::ErrorStack;
use boring::ssl::{SslContextBuilder, SslMethod, SslMode, SslOptions, SslVerifyMode, SslVersion};
use simplon_proto_tls_seam::server::KeyLog;
use simplon_proto_tls_seam::{Capability, ConfigError, Version};

use crate::failure::library;
use crate::{NAME, group};

/// The settings that both ends have.
pub(crate) struct Common<'a> {
    pub(crate) versions: (Version, Version),
    pub(crate) ciphers: Option<&'a [String]>,
    pub(crate) groups: Option<&'a [String]>,
    pub(crate) key_log: Option<&'a Arc<dyn KeyLog>>,
}

/// The suites of TLS 1.2 without a choice: forward secrecy and authenticated encryption, as all of TLS 1.3 has.
const SOUND: &str = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// A context without identity and trust.
pub(crate) fn builder(common: &Common<'_>) -> Result<SslContextBuilder, ConfigError> {
    let mut context = SslContextBuilder::new(SslMethod::tls()).map_err(library)?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_options(SslOptions::NO_COMPRESSION | SslOptions::NO_RENEGOTIATION);
    context.set_mode(
        SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::AUTO_RETRY
            | SslMode::RELEASE_BUFFERS
            | SslMode::NO_AUTO_CHAIN,
    );
    let (mut oldest, mut newest) = common.versions;
    match common.ciphers {
        None => context.set_cipher_list(SOUND).map_err(library)?,
        Some(names) => {
            let (of_12, of_13) = by_version(names)?;
            // A version without a suite is none.
            if of_13.is_empty() {
                newest = newest.min(Version::Tls12);
            }
            if of_12.is_empty() {
                oldest = oldest.max(Version::Tls13);
            } else {
                context.set_strict_cipher_list(&of_12.join(":")).map_err(library)?;
            }
        }
    }
    if oldest > newest {
        let detail = format!("no cipher suite for a version from {oldest} to {newest}");
        return Err(ConfigError::Library { backend: NAME, detail });
    }
    context.set_min_proto_version(Some(number(oldest))).map_err(library)?;
    context.set_max_proto_version(Some(number(newest))).map_err(library)?;
    if let Some(names) = common.groups {
        context.set_curves_list(&groups(names)?).map_err(library)?;
    }
    if let Some(log) = common.key_log {
        let log = log.clone();
        context.set_keylog_callback(move |_, line| log.line(line));
    }
    Ok(context)
}

fn number(version: Version) -> SslVersion {
    match version {
        Version::Tls12 => SslVersion::TLS1_2,
        _ => SslVersion::TLS1_3,
    }
}

/// The suites of TLS 1.3, all of which the library always has.
const OF_13: [&str; 3] = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/// Names for TLS 1.2 and for TLS 1.3. Of the latter, all or none: the library lets nobody choose among them.
fn by_version(names: &[String]) -> Result<(Vec<&str>, Vec<&str>), ConfigError> {
    let (of_13, of_12): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| OF_13.contains(name));
    let is_choice_among_13 = !of_13.is_empty() && !OF_13.iter().all(|suite| of_13.contains(suite));
    if is_choice_among_13 {
        return Err(ConfigError::Unsupported { backend: NAME, capability: Capability::CipherChoice });
    }
    for name in &of_12 {
        if !knows_cipher(name).map_err(library)? {
            return Err(ConfigError::Unknown { backend: NAME, what: "cipher suite", name: (*name).into() });
        }
    }
    Ok((of_12, of_13))
}

fn knows_cipher(name: &str) -> Result<bool, ErrorStack> {
    // No operators and groups of the library's lists: one name is one suite.
    let mut scratch = SslContextBuilder::new(SslMethod::tls())?;
    Ok(name.contains("_WITH_") && scratch.set_strict_cipher_list(name).is_ok())
}

fn groups(names: &[String]) -> Result<String, ConfigError> {
    let mut list = Vec::with_capacity(names.len());
    for name in names {
        let ours = group::to_library(name);
        if !knows_group(ours) {
            return Err(ConfigError::Unknown { backend: NAME, what: "group", name: name.clone() });
        }
        list.push(ours);
    }
    Ok(list.join(":"))
}

/// Whether the library at hand has this group: those of quantum resistance came with 3.5.
pub(crate) fn knows_group(name: &str) -> bool {
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    is_name && SslContextBuilder::new(SslMethod::tls()).is_ok_and(|mut scratch| scratch.set_curves_list(name).is_ok())
}

#[cfg(test)]
mod tests;
