//! Request targets: what is accepted is kept octet by octet, comes apart in one way, and is read by others in the same.
#![no_main]

use bytes::Bytes;
use http::{Method, Uri};
use libfuzzer_sys::fuzz_target;
use simplon_proto_http::Target;
use simplon_proto_http::target::Form;

fuzz_target!(|data: &[u8]| {
    let [which, raw @ ..] = data else { return };
    let method = [Method::GET, Method::CONNECT, Method::OPTIONS, Method::POST][usize::from(which & 3)].clone();
    let Ok(target) = Target::parse(&method, Bytes::copy_from_slice(raw)) else { return };
    assert_eq!(target.as_bytes(), raw);
    assert!(raw.iter().all(|octet| *octet > b' ' && *octet != 0x7f && *octet != b'#'), "{target:?}");
    assert_eq!(Target::parse(&method, target.to_bytes()).as_ref(), Ok(&target));
    parts(&target);
    compare(&target, raw);
});

/// The parts put together are the whole.
fn parts(target: &Target) {
    let query = target.query().map(|query| [b"?", query].concat()).unwrap_or_default();
    let local = [target.path(), &query].concat();
    let whole = match target.form() {
        Form::Origin | Form::Asterisk => local,
        Form::Authority => target.authority().unwrap_or_default().to_vec(),
        Form::Absolute => {
            let (scheme, authority) = (target.scheme().unwrap_or_default(), target.authority().unwrap_or_default());
            let start = [scheme, b"://", authority].concat();
            // A path that is not there reads as `/`.
            assert!(target.as_bytes().starts_with(&start), "{target:?}");
            let rest = &target.as_bytes()[start.len()..];
            let slash: &[u8] = if rest.starts_with(b"/") { b"" } else { b"/" };
            assert_eq!([slash, rest].concat(), local, "{target:?}");
            return;
        }
    };
    assert_eq!(whole, target.as_bytes(), "{target:?}");
}

/// Where the `http` crate understands it too, it understands the same.
fn compare(target: &Target, raw: &[u8]) {
    let Ok(uri) = Uri::try_from(raw) else { return };
    match target.form() {
        Form::Origin | Form::Absolute => {
            assert_eq!(uri.path().as_bytes(), target.path(), "{target:?}");
            assert_eq!(uri.query().map(str::as_bytes), target.query(), "{target:?}");
        }
        Form::Authority | Form::Asterisk => {}
    }
    let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
    assert_eq!(authority, target.authority(), "{target:?}");
}
