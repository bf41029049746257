//! Groups by their IANA names ("TLS Supported Groups"), and by those of the library.

use std::ffi::c_long;

/// IANA name, the library's name, the library's number.
const GROUPS: &[(&str, &str, c_long)] = &[
    ("secp256r1", "P-256", 415),
    ("secp384r1", "P-384", 715),
    ("secp521r1", "P-521", 716),
    ("X25519", "X25519", 1034),
    ("X448", "X448", 1035),
    ("ffdhe2048", "ffdhe2048", 1126),
    ("ffdhe3072", "ffdhe3072", 1127),
    ("ffdhe4096", "ffdhe4096", 1128),
    ("SecP256r1MLKEM768", "SecP256r1MLKEM768", BY_WIRE | 0x11eb),
    ("X25519MLKEM768", "X25519MLKEM768", BY_WIRE | 0x11ec),
    ("SecP384r1MLKEM1024", "SecP384r1MLKEM1024", BY_WIRE | 0x11ed),
];

/// Marks numbers that are those on the wire (`TLSEXT_nid_unknown`).
const BY_WIRE: c_long = 0x100_0000;

/// The library's name; one that is not in the table is left to the library.
pub(crate) fn to_library(iana: &str) -> &str {
    GROUPS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(iana)).map_or(iana, |(_, ours, _)| ours)
}

/// The IANA name.
pub(crate) fn of_library(number: c_long) -> Option<&'static str> {
    GROUPS.iter().find(|(.., known)| *known == number).map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests;
