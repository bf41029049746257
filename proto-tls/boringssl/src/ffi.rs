//! What the safe bindings lack. All unsafe code of this crate is here.
#![expect(unsafe_code, reason = "calls into the library that its bindings do not wrap")]

use std::ffi::c_long;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::ptr;

use boring::error::ErrorStack;
use boring::hash::MessageDigest;
use boring::hmac::HmacCtxRef;
use boring::rand::rand_bytes;
use boring::ssl::{self, SslContextBuilder, SslRef, SslSessionRef, SslStream, TicketKeyCallbackResult};
use boring::symm::{Cipher, CipherCtxRef};
use boring::x509::X509Ref;
use boring::x509::verify::X509CheckFlags;
use boring_sys as sys;
use foreign_types::{ForeignType, ForeignTypeRef};
use simplon_proto_tls_seam::resumption::{Opened, ScopedKeys};
use tokio::io::ReadBuf;

/// Reads plaintext into memory that need not be initialised.
pub(crate) fn read<S: Read + Write>(tls: &mut SslStream<S>, into: &mut ReadBuf<'_>) -> Result<usize, ssl::Error> {
    // SAFETY: the library only writes there; nothing initialised becomes uninitialised.
    let room = unsafe { into.unfilled_mut() };
    let n = tls.ssl_read_uninit(room)?;
    // SAFETY: the library has written the first `n` octets of it.
    unsafe { into.assume_init(n) };
    into.advance(n);
    Ok(n)
}

/// Offers a session that an earlier connection of the same context gave.
pub(crate) fn resume(ssl: &mut SslRef, session: &SslSessionRef) -> Result<(), ErrorStack> {
    // SAFETY: sessions are kept beside the context that they came from, and offered by connections of that context alone.
    unsafe { ssl.set_session(session) }
}

/// Lets the tickets of a context be made and opened with these keys: AES-256 in CBC mode, HMAC with SHA-256 (RFC 5077 §4).
pub(crate) fn issue_tickets(context: &mut SslContextBuilder, keys: ScopedKeys) {
    let answer = move |_: &SslRef,
                       name: &mut [u8; 16],
                       iv: &mut [u8; 16],
                       cipher: &mut CipherCtxRef,
                       mac: &mut HmacCtxRef,
                       is_new: bool| {
        key_of_ticket(&keys, name, iv, cipher, mac, is_new).unwrap_or(TicketKeyCallbackResult::Error)
    };
    // SAFETY: of a new ticket the name, the IV, the cipher and the MAC are set; of an old one the cipher and the MAC, or it is unknown.
    unsafe { context.set_ticket_key_callback(answer) }
}

fn key_of_ticket(
    keys: &ScopedKeys,
    name: &mut [u8; 16],
    iv: &mut [u8; 16],
    cipher: &mut CipherCtxRef,
    mac: &mut HmacCtxRef,
    is_new: bool,
) -> Result<TicketKeyCallbackResult, ErrorStack> {
    if is_new {
        let key = keys.current();
        *name = key.name;
        rand_bytes(iv)?;
        cipher.init_encrypt(&Cipher::aes_256_cbc(), &key.cipher, iv)?;
        mac.init(&key.mac, &MessageDigest::sha256())?;
        return Ok(TicketKeyCallbackResult::Success);
    }
    let Some((key, opened)) = keys.find(name) else { return Ok(TicketKeyCallbackResult::Noop) };
    cipher.init_decrypt(&Cipher::aes_256_cbc(), &key.cipher, iv)?;
    mac.init(&key.mac, &MessageDigest::sha256())?;
    Ok(match opened {
        Opened::ByCurrent => TicketKeyCallbackResult::Success,
        Opened::ByOld => TicketKeyCallbackResult::DecryptSuccessRenew,
    })
}

/// Whether a revocation list in DER is signed by the key of this certificate.
pub(crate) fn is_signed(list: &[u8], issuer: &[u8]) -> bool {
    let Ok(key) = boring::x509::X509::from_der(issuer).and_then(|issuer| issuer.public_key()) else { return false };
    let mut at = list.as_ptr();
    let length = c_long::try_from(list.len()).unwrap_or(c_long::MAX);
    // SAFETY: the octets are valid during the call, and their number is given; a list of its own is asked for.
    let crl = unsafe { sys::d2i_X509_CRL(ptr::null_mut(), &raw mut at, length) };
    if crl.is_null() {
        return false;
    }
    // SAFETY: both pointers are valid during the call.
    let verified = unsafe { sys::X509_CRL_verify(crl, key.as_ptr()) };
    // SAFETY: it is ours, and not used any more.
    unsafe { sys::X509_CRL_free(crl) };
    // What the library has against it is not for the next who asks.
    drop(ErrorStack::get());
    verified == 1
}

/// Whether a certificate is for this host.
pub(crate) fn is_for_host(certificate: &X509Ref, host: &str, flags: X509CheckFlags) -> bool {
    // SAFETY: the certificate is valid during the call, and so is the name, whose length is given; no answer is asked for by pointer.
    let answer = unsafe {
        sys::X509_check_host(certificate.as_ptr(), host.as_ptr().cast(), host.len(), flags.bits(), ptr::null_mut())
    };
    answer == 1
}

/// Whether a certificate is for this address.
pub(crate) fn is_for_ip(certificate: &X509Ref, ip: IpAddr) -> bool {
    let check = |octets: &[u8]| {
        // SAFETY: the certificate and the octets are valid during the call, and their number is given.
        unsafe { sys::X509_check_ip(certificate.as_ptr(), octets.as_ptr(), octets.len(), 0) == 1 }
    };
    match ip {
        IpAddr::V4(ip) => check(&ip.octets()),
        IpAddr::V6(ip) => check(&ip.octets()),
    }
}
