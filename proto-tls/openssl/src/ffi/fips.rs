//! The library's validated module: in force by the system's configuration, or loaded here, in a place of its own.

use std::ffi::c_int;
use std::ptr;

use openssl::ssl::{SslContextBuilder, SslMethod};
use openssl_sys as sys;
use simplon_proto_tls_seam::ConfigError;

use crate::{NAME, failure::library};

/// Whether a context can be had whose cryptography is the validated module.
pub(crate) fn is_available() -> bool {
    is_default() || loaded::is_available()
}

/// Whether contexts of a configuration are so. Those that do not require it take what the system's configuration says.
pub(crate) fn is_in_force(is_required: bool) -> bool {
    is_default() || is_required && loaded::is_available()
}

/// An empty context.
pub(crate) fn context(is_required: bool) -> Result<SslContextBuilder, ConfigError> {
    if is_required && !is_default() {
        return loaded::context();
    }
    SslContextBuilder::new(SslMethod::tls()).map_err(library)
}

/// Whether the system's configuration asks for validated algorithms everywhere.
fn is_default() -> bool {
    openssl::init();
    // SAFETY: null is the library's default context.
    unsafe { EVP_default_properties_is_fips_enabled(ptr::null_mut()) == 1 }
}

unsafe extern "C" {
    fn EVP_default_properties_is_fips_enabled(context: *mut sys::OSSL_LIB_CTX) -> c_int;
}

#[cfg(not(feature = "fips"))]
mod loaded {
    use super::{ConfigError, NAME, SslContextBuilder};

    pub(super) fn is_available() -> bool {
        false
    }

    pub(super) fn context() -> Result<SslContextBuilder, ConfigError> {
        Err(ConfigError::NotFips { backend: NAME })
    }
}

#[cfg(feature = "fips")]
mod loaded {
    use std::ffi::c_char;
    use std::sync::OnceLock;

    use foreign_types::ForeignType;
    use openssl::error::ErrorStack;
    use openssl::lib_ctx::LibCtx;
    use openssl::provider::Provider;

    use super::{ConfigError, NAME, SslContextBuilder, SslMethod, library, sys};

    /// The module with all that it needs, beside the library's default place, which stays as it is.
    struct Module {
        place: LibCtx,
        _providers: [Provider; 2],
    }

    fn module() -> Option<&'static Module> {
        static MODULE: OnceLock<Option<Module>> = OnceLock::new();
        MODULE.get_or_init(|| load().ok()).as_ref()
    }

    fn load() -> Result<Module, ErrorStack> {
        let place = LibCtx::new()?;
        // The second one reads and writes keys; it has no cryptography.
        let providers = [Provider::load(Some(&place), "fips")?, Provider::load(Some(&place), "base")?];
        Ok(Module { place, _providers: providers })
    }

    pub(super) fn is_available() -> bool {
        module().is_some()
    }

    pub(super) fn context() -> Result<SslContextBuilder, ConfigError> {
        let module = module().ok_or(ConfigError::NotFips { backend: NAME })?;
        // SAFETY: the place lives as long as the process, the text has its end, and the method is one of the library's own.
        let context = unsafe { SSL_CTX_new_ex(module.place.as_ptr(), c"fips=yes".as_ptr(), SslMethod::tls().as_ptr()) };
        if context.is_null() {
            return Err(library(ErrorStack::get()));
        }
        // SAFETY: it is valid, and nobody else has it.
        Ok(unsafe { SslContextBuilder::from_ptr(context) })
    }

    unsafe extern "C" {
        fn SSL_CTX_new_ex(
            place: *mut sys::OSSL_LIB_CTX,
            properties: *const c_char,
            method: *const sys::SSL_METHOD,
        ) -> *mut sys::SSL_CTX;
    }
}
