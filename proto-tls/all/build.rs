//! OpenSSL by the names of its files: `-lssl` may find BoringSSL's library, whose folder the linker looks into first.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-tests=-l:libssl.so.3");
    println!("cargo::rustc-link-arg-tests=-l:libcrypto.so.3");
}
