//! OpenSSL and BoringSSL in one program: where both are on, tests and examples of this package find OpenSSL by the names of its files, as `-lssl`
//! may find BoringSSL's library, whose folder the linker looks into first. The build script of `simplon-proto-tls` sees to the prefix.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_on = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    if !(is_on("OPENSSL") && is_on("BORINGSSL")) {
        return;
    }
    for target in ["tests", "examples"] {
        for library in ["ssl", "crypto"] {
            println!("cargo::rustc-link-arg-{target}=-l:lib{library}.so.3");
        }
    }
}
