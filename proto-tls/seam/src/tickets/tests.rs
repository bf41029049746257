use super::*;
use crate::watch::tests::Directory;

fn names(keys: &TicketKeys) -> Vec<[u8; 16]> {
    keys.all().iter().map(|key| key.name).collect()
}

#[test]
fn rotation_keeps_two() {
    let keys = TicketKeys::random();
    let mut expected = names(&keys);
    for _ in 0..5 {
        keys.rotate();
        let now = names(&keys);
        assert_eq!(now[1..], expected[..expected.len().min(OLD_KEYS)]);
        assert!(!expected.contains(&now[0]));
        expected = now;
    }
    assert_eq!(expected.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn rotation_goes_on() {
    let keys = TicketKeys::random();
    let first = names(&keys);
    let _ = tokio::time::timeout(Duration::from_secs(35), keys.rotate_every(Duration::from_secs(10))).await;
    let now = names(&keys);
    assert_eq!(now.len(), 3);
    assert!(!now.contains(&first[0]), "three rotations");
}

#[test]
fn a_file_holds_keys_of_80_octets() {
    let directory = Directory::new();
    let octets: Vec<u8> = (0..160).collect();
    let path = directory.file("keys", &octets);
    let keys = TicketKeys::of_file(&path).unwrap();
    let all = keys.all();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (&all[0].name[..], &all[0].cipher[..], &all[0].mac[..]),
        (&octets[..16], &octets[16..48], &octets[48..80])
    );
    assert_eq!(all[1].name[..], octets[80..96]);
    for bad in [0, 1, 79, 81, 159] {
        directory.file("keys", &octets[..bad]);
        assert!(matches!(keys.reload(&path), Err(ConfigError::Malformed { .. })), "{bad} octets");
        assert_eq!(keys.all(), all, "they stay");
    }
    directory.file("keys", &octets[80..]);
    keys.reload(&path).unwrap();
    assert_eq!(names(&keys), [all[1].name]);
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(keys.reload(&path), Err(ConfigError::File { .. })));
    assert_eq!(names(&keys), [all[1].name]);
}

#[test]
fn contexts_are_worlds_apart() {
    let (one, other) = (TicketKey::random(), TicketKey::random());
    let made =
        [one.for_context(b"a"), one.for_context(b"b"), one.for_context(b""), other.for_context(b"a"), one.clone()];
    for (at, this) in made.iter().enumerate() {
        for that in &made[at + 1..] {
            assert!(this.name != that.name && this.cipher != that.cipher && this.mac != that.mac);
        }
    }
    assert_eq!(one.for_context(b"a"), made[0], "always the same");
}

#[test]
fn secrets_are_not_printed() {
    let key = TicketKey { name: [1; 16], cipher: [222; 32], mac: [223; 32] };
    let printed = format!("{key:?}");
    assert!(!printed.contains("222") && !printed.contains("223"), "{printed}");
}
