//! OpenSSL and BoringSSL have the same symbols: both in one program only if those of BoringSSL have a prefix.

use std::env;

/// Arguments for the generator of BoringSSL's bindings: for all targets, or with the target's name after it for one.
const BINDGEN: &str = "BINDGEN_EXTRA_CLANG_ARGS";

const SAID: &[&str] = &[
    "The features `openssl` and `boringssl` are both on, and their libraries have the same symbols.",
    "Choose one of them, with default-features = false wherever another crate switches the other one on;",
    "or build BoringSSL with a prefix. In the environment of the whole build:",
    "    BINDGEN_EXTRA_CLANG_ARGS=-DBORINGSSL_PREFIX=BSSL",
    "    CMAKE_TOOLCHAIN_FILE_x86_64_unknown_linux_gnu=/path/to/a/file/with/the/next/line (the target's name in place of this one)",
    "        set(BORINGSSL_PREFIX \"BSSL\" CACHE STRING \"before every symbol\")",
    "and in the build script of the program, for OpenSSL of the system:",
    "    println!(\"cargo::rustc-link-arg=-l:libssl.so.3\"); println!(\"cargo::rustc-link-arg=-l:libcrypto.so.3\");",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={BINDGEN}");
    let is_on = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    // Documentation is not linked.
    if is_on("OPENSSL") && is_on("BORINGSSL") && !is_prefixed() && env::var_os("DOCS_RS").is_none() {
        SAID.iter().for_each(|line| println!("cargo::error={line}"));
    }
}

fn is_prefixed() -> bool {
    let is_it = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        name.to_string_lossy().starts_with(BINDGEN) && value.to_string_lossy().contains("BORINGSSL_PREFIX")
    };
    env::vars_os().any(is_it)
}
