use super::*;
use crate::rules::Switch;

/// Each way to write at least one of the dashes of a name as an underscore.
fn spellings(name: &str) -> Vec<String> {
    let dashes: Vec<usize> = name.match_indices('-').map(|(at, _)| at).collect();
    let spell = |mask: usize| {
        let mut octets = name.as_bytes().to_vec();
        for (_, at) in dashes.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0) {
            octets[*at] = b'_';
        }
        String::from_utf8(octets).unwrap()
    };
    (1..1 << dashes.len()).map(spell).collect()
}

#[test]
fn every_known_name_with_a_dash_is_told_in_every_spelling() {
    for known in Known::ALL {
        for name in spellings(known.as_str()) {
            for name in [name.to_lowercase(), name.to_uppercase(), name] {
                assert_eq!(Known::of(name.as_bytes()), None, "{name}");
                assert_eq!(Known::read(name.as_bytes()), Read::Alike(known.bit()), "{name}");
            }
        }
        assert_eq!(Known::read(known.as_str().as_bytes()), Read::As(*known));
    }
}

#[test]
fn the_family_is_told_whatever_follows() {
    for name in ["X_Forwarded_Prefix", "x-forwarded_ssl", "X_FORWARDED-Client_Cert", "X_Forwarded_"] {
        assert_eq!(Known::read(name.as_bytes()), Read::Alike(FAMILY), "{name}");
    }
    for name in ["X-Forwarded-Prefix", "X-Forwarded-a_b", "X_Forwarde", "Y_Forwarded_For", "X_Y", "_", "a_"] {
        assert_eq!(Known::read(name.as_bytes()), Read::Other, "{name}");
    }
}

fn settled(names: &[&str], side: Side, config: &Config) -> Result<Vec<String>, Rule> {
    let mut fields = Fields::from_pairs(names.iter().map(|name| (*name, "1"))).unwrap();
    let alike = names.iter().fold(0, |alike, name| match Known::read(name.as_bytes()) {
        Read::Alike(bit) => alike | bit,
        _ => alike,
    });
    settle(&mut fields, alike, side, config)?;
    Ok(fields.iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect())
}

#[test]
fn what_reads_like_framing_is_refused_and_what_reads_like_ours_is_removed() {
    let config = Config::default();
    for side in [Side::Request, Side::Response] {
        for name in ["Content_Length", "transfer_encoding"] {
            assert_eq!(settled(&[name], side, &config), Err(Rule::NameAlike), "{name}");
        }
        assert_eq!(
            settled(&["Keep_Alive", "Proxy_Connection", "Proxy_Authorization", "HTTP2_Settings", "X_Y"], side, &config)
                .unwrap(),
            ["X_Y"]
        );
    }
    let told = [
        "X_Forwarded_For",
        "X-Forwarded_Proto",
        "X_Real_IP",
        "Client_Cert",
        "Client_Cert_Chain",
        "X_Forwarded_Prefix",
        "Max_Forwards",
    ];
    assert!(settled(&told, Side::Request, &config).unwrap().is_empty());
    assert_eq!(settled(&told, Side::Response, &config).unwrap(), told, "clients are told nothing by them");
    assert_eq!(settled(&["Content_Type", "User_Agent"], Side::Request, &config).unwrap().len(), 2, "not ours");
    assert!(config.dropped().any(|dropped| dropped == (Rule::NameAlikeDropped, 15)));
}

#[test]
fn a_switch_lets_them_pass_and_counts() {
    let mut config = Config::default();
    config.leniency.names_alike = Switch::Lenient;
    let names = ["Content_Length", "X_Forwarded_For"];
    assert_eq!(settled(&names, Side::Request, &config).unwrap(), names);
    let uses: Vec<_> = config.lenient_uses().filter(|(_, n)| *n > 0).collect();
    assert_eq!(uses, [(Rule::NameAlike, 1), (Rule::NameAlikeDropped, 1)]);
}
