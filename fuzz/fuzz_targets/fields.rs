//! The list of fields does what a plain vector of names and values does, whatever is done to it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use simplon_proto_http::h1::{Machine, Next, Server};
use simplon_proto_http::{Fields, Part};

type Model = Vec<(Vec<u8>, Vec<u8>)>;

const NAMES: [&[u8]; 8] =
    [b"Host", b"HOST", b"X-A", b"x-a", b"Content-Length", b"Cookie", b"Connection", b"Transfer-Encoding"];

fuzz_target!(|data: &[u8]| {
    let mut octets = Octets(data);
    let (mut fields, mut model) = received(octets.slice());
    while !octets.0.is_empty() {
        step(&mut octets, &mut fields, &mut model);
        compare(&fields, &model);
    }
    compare(&fields.clone(), &model);
    let map = fields.to_header_map();
    assert!(map.len() <= fields.len());
});

/// Fields that stand where they were received, if the octets are some.
fn received(octets: &[u8]) -> (Fields, Model) {
    let mut machine = Machine::<Server>::new(Default::default());
    for piece in [b"GET / HTTP/1.1\r\nHost: a\r\n", octets, b"\r\n\r\n"] {
        machine.space().extend_from_slice(piece);
        machine.received(piece.len());
    }
    match machine.next() {
        Ok(Next::Part(Part::Head(head, _))) => {
            let model = head.fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            (head.fields, model)
        }
        _ => (Fields::new(), Model::new()),
    }
}

fn step(octets: &mut Octets<'_>, fields: &mut Fields, model: &mut Model) {
    let what = octets.one();
    let name = octets.name();
    let is = |other: &[u8]| other.eq_ignore_ascii_case(name);
    match what % 6 {
        0 => {
            let value = octets.slice();
            let added = fields.append(name, value);
            assert_eq!(added.is_ok(), is_token(name) && is_value(value));
            if added.is_ok() {
                model.push((name.to_vec(), trim(value).to_vec()));
            }
        }
        1 => {
            let value = octets.slice();
            if fields.set(name, value).is_ok() {
                let entry = (name.to_vec(), trim(value).to_vec());
                match model.iter().position(|(other, _)| is(other)) {
                    None => model.push(entry),
                    Some(first) => {
                        let mut at = 0;
                        model.retain(|(other, _)| {
                            at += 1;
                            at - 1 <= first || !is(other)
                        });
                        model[first] = entry;
                    }
                }
            }
        }
        2 => {
            let before = model.len();
            model.retain(|(other, _)| !is(other));
            assert_eq!(fields.remove(name), before - model.len());
        }
        3 => {
            let length = usize::from(octets.one()) % 8;
            fields.retain(|_, value| value.len() > length);
            model.retain(|(_, value)| value.len() > length);
        }
        4 => {
            let value = octets.slice();
            if fields.replace_each(name, |old| (old.len() > 1).then(|| value.to_vec())).is_ok() {
                for (_, old) in model.iter_mut().filter(|(other, old)| is(other) && old.len() > 1) {
                    *old = trim(value).to_vec();
                }
            } else {
                assert!(!is_value(value));
            }
        }
        _ => {
            let other = fields.clone();
            if fields.len() < 100 && fields.append_all(&other).is_ok() {
                model.extend(model.clone());
            }
        }
    }
}

fn compare(fields: &Fields, model: &Model) {
    let list: Model = fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    assert_eq!(list, *model);
    assert_eq!((fields.len(), fields.is_empty()), (model.len(), model.is_empty()));
    for name in NAMES {
        let all: Vec<&[u8]> = fields.all(name).collect();
        let wanted: Vec<&[u8]> = model
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
            .collect();
        assert_eq!(all, wanted);
        assert_eq!(fields.get(name), wanted.first().copied());
        assert_eq!(fields.shared(name), wanted.first().map(|value| Bytes::copy_from_slice(value)));
        assert_eq!(fields.contains(name), !wanted.is_empty());
    }
}

fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet))
}

fn is_value(value: &[u8]) -> bool {
    trim(value).iter().all(|octet| *octet == b'\t' || (*octet >= b' ' && *octet != 0x7f))
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |octet: &u8| !b" \t".contains(octet);
    let Some(start) = value.iter().position(blank) else { return &[] };
    let end = value.iter().rposition(blank).map_or(start, |at| at + 1);
    &value[start..end]
}

/// An input from which pieces are taken.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn one(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn slice(&mut self) -> &'a [u8] {
        let length = usize::from(self.one() & 63).min(self.0.len());
        let (slice, rest) = self.0.split_at(length);
        self.0 = rest;
        slice
    }

    fn name(&mut self) -> &'a [u8] {
        match self.one() {
            known @ 0..200 => NAMES[usize::from(known) % NAMES.len()],
            _ => self.slice(),
        }
    }
}
