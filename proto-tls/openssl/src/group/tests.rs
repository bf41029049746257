use super::*;

#[test]
fn names_go_both_ways() {
    assert_eq!(to_library("secp256r1"), "P-256");
    assert_eq!(to_library("x25519"), "X25519");
    assert_eq!(to_library("of tomorrow"), "of tomorrow");
    assert_eq!(of_library(415), Some("secp256r1"));
    assert_eq!(of_library(0x100_11ec), Some("X25519MLKEM768"));
    assert_eq!(of_library(0), None);
}
