//! Groups by their IANA names ("TLS Supported Groups"), and by those of the library.

/// IANA name, the library's name, where they differ.
const GROUPS: &[(&str, &str)] =
    &[("secp256r1", "P-256"), ("secp384r1", "P-384"), ("secp521r1", "P-521"), ("x25519", "X25519")];

/// The library's name; one that is not in the table is left to the library.
pub(crate) fn to_library(iana: &str) -> &str {
    GROUPS.iter().find(|(name, _)| name.eq_ignore_ascii_case(iana)).map_or(iana, |(_, ours)| ours)
}

/// The IANA name.
pub(crate) fn of_library(ours: &'static str) -> &'static str {
    let differs = GROUPS[..3].iter().find(|(_, known)| *known == ours);
    differs.map_or(ours, |(name, _)| name)
}

#[cfg(test)]
mod tests;
