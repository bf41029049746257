//! The library asks for the key of each ticket: to make it, and to open it.

use std::ffi::{c_char, c_int, c_uchar, c_void};
use std::ptr;
use std::slice;
use std::sync::OnceLock;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::rand::rand_bytes;
use openssl::ssl::{SslContext, SslContextBuilder, SslRef, SslVersion};
use openssl_sys as sys;
use simplon_proto_tls_seam::resumption::{Opened, ScopedKeys};
use simplon_proto_tls_seam::tickets::TicketKey;

/// Lets the tickets of a context be made and opened with these keys.
pub(crate) fn install(context: &mut SslContextBuilder, keys: ScopedKeys) -> Result<(), ErrorStack> {
    context.set_ex_data(index()?, keys);
    // SAFETY: the context is valid during the call, and the function is of the type that the library calls.
    let installed = unsafe { SSL_CTX_set_tlsext_ticket_key_evp_cb(context.as_ptr(), Some(key_of_ticket)) };
    if installed == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// Where a context holds its keys.
fn index() -> Result<Index<SslContext, ScopedKeys>, ErrorStack> {
    static INDEX: OnceLock<Index<SslContext, ScopedKeys>> = OnceLock::new();
    match INDEX.get() {
        Some(index) => Ok(*index),
        None => {
            let index = SslContext::new_ex_index()?;
            Ok(*INDEX.get_or_init(|| index))
        }
    }
}

/// Answers as the library wants it (SSL_CTX_set_tlsext_ticket_key_cb(3)).
unsafe extern "C" fn key_of_ticket(
    ssl: *mut sys::SSL,
    name: *mut c_uchar,
    iv: *mut c_uchar,
    cipher: *mut sys::EVP_CIPHER_CTX,
    mac: *mut sys::EVP_MAC_CTX,
    is_new: c_int,
) -> c_int {
    // SAFETY: the library calls with a valid connection, room for a name of 16 octets, and room for the longest IV, which is 16 too.
    let (ssl, name, iv) = unsafe {
        (SslRef::from_ptr(ssl), slice::from_raw_parts_mut(name, 16), slice::from_raw_parts_mut(iv, IV_OCTETS))
    };
    let Some(keys) = index().ok().and_then(|index| ssl.ssl_context().ex_data(index)) else { return FAILED };
    if is_new == 1 {
        let key = keys.current();
        if rand_bytes(iv).is_err() {
            return FAILED;
        }
        name.copy_from_slice(&key.name);
        // SAFETY: as the library called us.
        let is_set = unsafe { set(&key, iv, cipher, mac, sys::EVP_EncryptInit_ex) };
        return if is_set { DONE } else { FAILED };
    }
    match keys.find(name) {
        // SAFETY: as the library called us.
        Some((key, _)) if !unsafe { set(&key, iv, cipher, mac, sys::EVP_DecryptInit_ex) } => FAILED,
        // In TLS 1.3 each ticket is for one connection.
        Some((_, Opened::ByCurrent)) if ssl.version2() != Some(SslVersion::TLS1_3) => DONE,
        Some(_) => RENEW,
        None => UNKNOWN,
    }
}

const IV_OCTETS: usize = 16;
const FAILED: c_int = -1;
const UNKNOWN: c_int = 0;
const DONE: c_int = 1;
const RENEW: c_int = 2;

type Init = unsafe extern "C" fn(
    *mut sys::EVP_CIPHER_CTX,
    *const sys::EVP_CIPHER,
    *mut sys::ENGINE,
    *const c_uchar,
    *const c_uchar,
) -> c_int;

/// Sets the cipher and the MAC: AES-256 in CBC mode, HMAC with SHA-256 (RFC 5077 §4).
///
/// # Safety
/// `cipher` and `mac` are valid, `iv` has 16 octets.
unsafe fn set(
    key: &TicketKey,
    iv: &[u8],
    cipher: *mut sys::EVP_CIPHER_CTX,
    mac: *mut sys::EVP_MAC_CTX,
    init: Init,
) -> bool {
    let mut mac_key = key.mac;
    // SAFETY: the parameters point at what outlives the call, which copies it; lengths are given, and the list has its end.
    unsafe {
        let parameters = [
            sys::OSSL_PARAM_construct_octet_string(
                c"key".as_ptr(),
                mac_key.as_mut_ptr().cast::<c_void>(),
                mac_key.len(),
            ),
            OSSL_PARAM_construct_utf8_string(c"digest".as_ptr(), c"SHA256".as_ptr().cast_mut(), 0),
            sys::OSSL_PARAM_construct_end(),
        ];
        init(cipher, sys::EVP_aes_256_cbc(), ptr::null_mut(), key.cipher.as_ptr(), iv.as_ptr()) == 1
            && sys::EVP_MAC_CTX_set_params(mac, parameters.as_ptr()) == 1
    }
}

type KeyOfTicket = unsafe extern "C" fn(
    *mut sys::SSL,
    *mut c_uchar,
    *mut c_uchar,
    *mut sys::EVP_CIPHER_CTX,
    *mut sys::EVP_MAC_CTX,
    c_int,
) -> c_int;

unsafe extern "C" {
    fn SSL_CTX_set_tlsext_ticket_key_evp_cb(context: *mut sys::SSL_CTX, callback: Option<KeyOfTicket>) -> c_int;
    fn OSSL_PARAM_construct_utf8_string(key: *const c_char, text: *mut c_char, length: usize) -> sys::OSSL_PARAM;
}
