//! Says early what would otherwise be a symbol that is not found.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by openssl-sys; absent where the library is not OpenSSL but a relative of it.
    let version = std::env::var("DEP_OPENSSL_VERSION_NUMBER").unwrap_or_default();
    let is_new_enough = u64::from_str_radix(&version, 16).is_ok_and(|number| number >= 0x3000_0000);
    if !is_new_enough {
        println!("cargo::error=OpenSSL 3.0 or newer is needed; for one built from source: the feature `vendored`");
    }
}
