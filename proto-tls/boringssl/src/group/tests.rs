use super::*;

#[test]
fn names_go_both_ways() {
    assert_eq!(to_library("secp256r1"), "P-256");
    assert_eq!(to_library("x25519"), "X25519");
    assert_eq!(to_library("of tomorrow"), "of tomorrow");
    assert_eq!(of_library("P-384"), "secp384r1");
    assert_eq!(of_library("X25519"), "X25519");
    assert_eq!(of_library("X25519MLKEM768"), "X25519MLKEM768");
}
