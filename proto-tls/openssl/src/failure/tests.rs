use super::*;

#[test]
fn the_library_s_reasons_have_ours() {
    let table = [
        (199, Reason::NoCertificate),
        (258, Reason::NoSharedVersion),
        (193, Reason::NoSharedCipher),
        (235, Reason::NoSharedProtocol),
        (294, Reason::Closed),
        (156, Reason::Malformed),
        (234, Reason::Library),
        (1000 + 48, Reason::Alert(48)),
        (1000 + 70, Reason::NoSharedVersion),
        (1000 + 120, Reason::NoSharedProtocol),
    ];
    for (code, reason) in table {
        assert_eq!(of_tls(code), reason, "{code}");
    }
}

#[test]
fn results_of_verification_have_reasons() {
    let table = [
        (9, Reason::NotYetValid),
        (10, Reason::Expired),
        (18, Reason::UnknownIssuer),
        (20, Reason::UnknownIssuer),
        (23, Reason::Revoked),
        (62, Reason::WrongName),
        (64, Reason::WrongName),
        (26, Reason::BadCertificate),
    ];
    for (code, reason) in table {
        assert_eq!(of_verification(code), reason, "{code}");
        assert!(reason.is_about_certificate());
    }
}
