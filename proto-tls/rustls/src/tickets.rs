//! Session tickets, sealed with the keys of the seam.
//!
//! A ticket is the key's name, a salt, a nonce, and the session under AES-256-GCM with a key made of the salt: so many tickets may be made under
//! one key of a file, by so many processes, that a random nonce alone would not do.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::{aead, hmac, rand};
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use ring::{aead, hmac, rand};
use simplon_proto_tls_seam::TicketKeys;
use simplon_proto_tls_seam::tickets::TicketKey;

const NAME_OCTETS: usize = 16;
const SALT_OCTETS: usize = 16;
const FRESH_OCTETS: usize = SALT_OCTETS + aead::NONCE_LEN;

/// How long tickets are good for, in seconds: a hint to clients. What ends them is the rotation of keys.
const LIFETIME: u32 = 12 * 60 * 60;

/// Makes and opens tickets of one context.
pub(crate) struct Ticketer {
    keys: Arc<TicketKeys>,
    context: [u8; 32],
    ready: ArcSwap<Ready>,
}

/// Keys of the seam, and what they are in this context.
struct Ready {
    of: Arc<Vec<TicketKey>>,
    keys: Vec<Key>,
}

struct Key {
    name: [u8; NAME_OCTETS],
    secret: hmac::Key,
}

impl Ticketer {
    pub(crate) fn new(keys: Arc<TicketKeys>, context: [u8; 32]) -> Self {
        let ready = ArcSwap::from_pointee(Ready::new(keys.all(), &context));
        Self { keys, context, ready }
    }

    fn ready(&self) -> Arc<Ready> {
        let (now, ready) = (self.keys.all(), self.ready.load_full());
        if Arc::ptr_eq(&now, &ready.of) {
            return ready;
        }
        let ready = Arc::new(Ready::new(now, &self.context));
        self.ready.store(ready.clone());
        ready
    }
}

impl Ready {
    fn new(of: Arc<Vec<TicketKey>>, context: &[u8]) -> Self {
        let key = |key: &TicketKey| {
            let TicketKey { name, cipher, mac: _ } = key.for_context(context);
            Key { name, secret: hmac::Key::new(hmac::HMAC_SHA256, &cipher) }
        };
        Self { keys: of.iter().map(key).collect(), of }
    }
}

impl Key {
    fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut fresh = [0; FRESH_OCTETS];
        rand::SecureRandom::fill(&rand::SystemRandom::new(), &mut fresh).ok()?;
        let (key, nonce) = self.of_ticket(&fresh)?;
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(nonce, aead::Aad::from(&self.name), &mut sealed).ok()?;
        Some([&self.name[..], &fresh, &sealed].concat())
    }

    fn open(&self, fresh: &[u8; FRESH_OCTETS], sealed: &[u8]) -> Option<Vec<u8>> {
        let (key, nonce) = self.of_ticket(fresh)?;
        let mut plain = sealed.to_vec();
        let n = key.open_in_place(nonce, aead::Aad::from(&self.name), &mut plain).ok()?.len();
        plain.truncate(n);
        Some(plain)
    }

    fn of_ticket(&self, fresh: &[u8; FRESH_OCTETS]) -> Option<(aead::LessSafeKey, aead::Nonce)> {
        let (salt, nonce) = fresh.split_at(SALT_OCTETS);
        let key = hmac::sign(&self.secret, salt);
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref()).ok()?;
        Some((aead::LessSafeKey::new(key), aead::Nonce::try_assume_unique_for_key(nonce).ok()?))
    }
}

impl rustls::server::ProducesTickets for Ticketer {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.ready().keys.first()?.seal(plain)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_first_chunk::<NAME_OCTETS>()?;
        let (fresh, sealed) = rest.split_first_chunk::<FRESH_OCTETS>()?;
        // Names are no secret: they stand in the clear.
        self.ready().keys.iter().find(|key| key.name == *name)?.open(fresh, sealed)
    }
}

impl fmt::Debug for Ticketer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticketer").field("keys", &self.keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
