use super::*;

fn one(name: Known, value: &str) -> Fields {
    let mut fields = Fields::new();
    fields.append(name, value).unwrap();
    fields
}

#[test]
fn credentials_and_challenges_of_these_schemes_are_found() {
    for value in [
        "NTLM TlRMTVNTUAABAAAA",
        "ntlm",
        "Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa==",
        "NEGOTIATE",
        "Negotiate\toYG2",
        "Kerberos x",
        "Nego2 x",
        "Basic realm=\"a, b\", NTLM",
        "Basic realm=\"\\\"\", Negotiate",
        ", ,Digest realm=\"a\", nonce=x ,qop=\"auth,auth-int\",Negotiate abc=",
        "Basic realm=\"never ends, NTLM\", NTLM",
    ] {
        for name in NAMES {
            assert!(is_in(&one(name, value)), "{name:?}: {value}");
        }
        assert!(!is_in(&one(Known::Cookie, value)), "{value}");
    }
    for value in [
        "Basic TlRMTTp4",
        "Bearer NTLM",
        "Bearer Negotiate",
        "NTLMx abc",
        "X-NTLM abc",
        "Digest username=\"NTLM\", realm=\"Negotiate, NTLM\"",
        "Digest negotiate=x, ntlm = y",
        "Basic realm=\"x, NTLM\"",
        "",
    ] {
        assert!(!is_in(&one(Known::Authorization, value)), "{value}");
        assert!(!is_in(&one(Known::WwwAuthenticate, value)), "{value}");
    }
}

#[test]
fn what_is_of_other_schemes_stays() {
    for (value, left) in [
        ("NTLM", None),
        ("Negotiate abc==, NTLM", None),
        ("Basic realm=\"a, b\", NTLM", Some("Basic realm=\"a, b\"")),
        ("NTLM, Basic realm=\"a\", charset = \"UTF-8\"", Some("Basic realm=\"a\", charset = \"UTF-8\"")),
        ("Digest realm=\"a\",nonce=x , Negotiate,Basic realm=b", Some("Digest realm=\"a\",nonce=x, Basic realm=b")),
        ("Negotiate a=b, c=d, Basic realm=e", Some("Basic realm=e")),
        ("Basic realm=e", Some("Basic realm=e")),
    ] {
        let mut fields = one(Known::WwwAuthenticate, value);
        remove(&mut fields);
        assert_eq!(fields.text(Known::WwwAuthenticate), left, "{value}");
        assert!(!is_in(&fields), "{value}");
    }
}

#[test]
fn each_line_is_judged_by_itself() {
    let mut fields = one(Known::WwwAuthenticate, "Negotiate");
    fields.append("X", "y").unwrap();
    fields.append(Known::WwwAuthenticate, "Basic realm=\"a\"").unwrap();
    fields.append(Known::WwwAuthenticate, "NTLM").unwrap();
    remove(&mut fields);
    let left: Vec<_> = fields.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!(left, ["X", "WWW-Authenticate"]);
    assert_eq!(fields.text(Known::WwwAuthenticate), Some("Basic realm=\"a\""));
}
