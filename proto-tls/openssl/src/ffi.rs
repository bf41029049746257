//! What the safe bindings lack. All unsafe code of this crate is here and below.
#![expect(unsafe_code, reason = "calls into the library that its bindings do not wrap")]

use std::ffi::{c_int, c_long, c_uchar};
use std::io::{Read, Write};
use std::net::IpAddr;
use std::ptr;

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{self, SslRef, SslSession, SslSessionRef, SslStream};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509Ref, X509VerifyResult};
use openssl_sys as sys;
use tokio::io::ReadBuf;

pub(crate) mod fips;
pub(crate) mod tickets;

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
    let session = copy(session)?;
    // SAFETY: sessions are kept beside the context that they came from, and offered by connections of that context alone.
    unsafe { ssl.set_session(&session) }
}

/// A session of its own. One that connections have in common is not resumed any more once one of them was cut or got a new ticket.
pub(crate) fn copy(session: &SslSessionRef) -> Result<SslSession, ErrorStack> {
    // SAFETY: the session is valid during the call, which only reads it.
    let copy = unsafe { SSL_SESSION_dup(session.as_ptr()) };
    if copy.is_null() {
        return Err(ErrorStack::get());
    }
    // SAFETY: it is valid, and nobody else has it.
    Ok(unsafe { SslSession::from_ptr(copy) })
}

/// A result of verification by its number.
pub(crate) fn verify_result(code: i32) -> X509VerifyResult {
    // SAFETY: any number is one; the library has a text for those that it does not know.
    unsafe { X509VerifyResult::from_raw(code) }
}

/// Whether a revocation list in DER is signed by the key of this certificate.
pub(crate) fn is_signed(list: &[u8], issuer: &[u8]) -> bool {
    let verified = || {
        let key = openssl::x509::X509::from_der(issuer)?.public_key()?;
        openssl::x509::X509Crl::from_der(list)?.verify(&key)
    };
    let is_signed = verified().unwrap_or_default();
    // What the library has against it is not for the next who asks.
    drop(ErrorStack::get());
    is_signed
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

/// The group of the key agreement: the library's number of an algorithm, or beyond those the number on the wire.
pub(crate) fn negotiated_group(ssl: &SslRef) -> c_long {
    // SAFETY: the connection is valid during the call; this command takes no pointer.
    unsafe { sys::SSL_ctrl(ssl.as_ptr(), GET_NEGOTIATED_GROUP, 0, ptr::null_mut()) }
}

/// Whether the server asked for a certificate: only then it named signature algorithms (RFC 8446 §4.3.2, RFC 5246 §7.4.4).
pub(crate) fn was_asked_for_certificate(ssl: &SslRef) -> bool {
    let nothing = ptr::null_mut::<c_int>();
    let nor_this = ptr::null_mut::<c_uchar>();
    // SAFETY: the connection is valid during the call; a negative place asks for the number alone, and null pointers are not written to.
    unsafe { SSL_get_sigalgs(ssl.as_ptr(), -1, nothing, nothing, nothing, nor_this, nor_this) > 0 }
}

/// `SSL_CTRL_GET_NEGOTIATED_GROUP` (openssl/ssl.h).
const GET_NEGOTIATED_GROUP: c_int = 134;

unsafe extern "C" {
    fn SSL_SESSION_dup(session: *const sys::SSL_SESSION) -> *mut sys::SSL_SESSION;
    fn SSL_get_sigalgs(
        ssl: *mut sys::SSL,
        at: c_int,
        sign: *mut c_int,
        hash: *mut c_int,
        both: *mut c_int,
        raw_sign: *mut c_uchar,
        raw_hash: *mut c_uchar,
    ) -> c_int;
}
