//! `cargo xtask tls`: the TLS backends that are not in a default build, each alone, and all of them in one program: crossed with each other, and in
//! a proxy that clients and servers of others speak with.
//!
//! OpenSSL and BoringSSL have the same symbols. Here BoringSSL is built with a prefix before its own, by environment alone; built once, it is kept
//! under the target folder, and later runs only read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::setup;
use crate::shell;
use crate::system;
use crate::watch;
use crate::workspace::Workspace;

/// Debian packages: OpenSSL and how it is found, then what builds BoringSSL and its bindings.
const NEEDED: &[&str] = &["libssl-dev", "pkg-config", "cmake", "g++", "git", "libclang-dev"];
/// Not a default member either: s2n-tls asks for a newer compiler than the rest.
const S2N: &str = "simplon-proto-tls-s2n";
/// Of the facade, for the tests with clients and servers of others.
const FEATURES: &str = "openssl,boringssl,s2n";
/// Most of what these tests do is to wait: a server on s2n-tls tells a client late that it was refused.
const AT_ONCE: &str = "6";
/// What stands before every symbol of BoringSSL.
const PREFIX: &str = "BSSL";

pub(crate) fn command(workspace: &Workspace, _options: &Options) -> Outcome {
    let missing = missing();
    if !missing.is_empty() {
        setup::install(&missing)?;
    }
    if shell::in_ci() {
        setup::for_tests(workspace)?;
    }
    let boringssl = BoringSsl::of(workspace)?;
    boringssl.build()?;
    // Always the same packages: other ones would unify features otherwise, and build what is below them once more.
    let packages = system::PACKAGES.iter().chain([&S2N]);
    let packages: Vec<&str> = packages.flat_map(|package| ["--package", *package]).collect();
    let cargo = |job: &str| {
        let mut command = shell::cargo_locked(job);
        boringssl.prefixed(&mut command).env("BORING_BSSL_PATH", &boringssl.library);
        command
    };
    shell::run(cargo("clippy").args(&packages).args(["--all-targets", "--", "-D", "warnings"]))?;
    let (runner, watch) = (watch::variable()?, watch::runner()?);
    shell::run(cargo("test").args(&packages).env("RUST_TEST_THREADS", AT_ONCE).env(&runner, &watch))?;
    shell::run(cargo("doc").args(&packages).env("RUSTDOCFLAGS", "-D warnings").arg("--no-deps"))?;
    let clients = ["--package", "simplon", "--features", FEATURES, "--test", "tls_clients"];
    shell::run(cargo("test").args(clients).env(&runner, &watch))
}

/// The Debian packages that are not here. Elsewhere than on Debian nobody knows, and the builds will tell.
pub(crate) fn missing() -> Vec<&'static str> {
    if !shell::installed("dpkg-query") {
        return Vec::new();
    }
    let is_missing = |package: &&str| {
        let status = shell::capture(Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]));
        !status.is_ok_and(|status| status.ends_with(" installed"))
    };
    NEEDED.iter().copied().filter(is_missing).collect()
}

/// BoringSSL with its prefix, built once for each version.
struct BoringSsl {
    toolchain: PathBuf,
    /// The variable that names the file for the machine's own target.
    toolchain_variable: String,
    library: PathBuf,
}

impl BoringSsl {
    fn of(workspace: &Workspace) -> Outcome<Self> {
        let folder = workspace.target.join("tls");
        Ok(Self {
            toolchain: folder.join("prefix.cmake"),
            toolchain_variable: format!("CMAKE_TOOLCHAIN_FILE_{}", shell::host()?.replace('-', "_")),
            library: folder.join(format!("boringssl-{}", version(workspace)?)),
        })
    }

    fn build(&self) -> Outcome {
        if self.library.join("lib/libssl.a").is_file() && self.library.join("include/openssl").is_dir() {
            return Ok(());
        }
        // It is installed into an empty folder only, and what was begun may be there.
        let _ = fs::remove_dir_all(&self.library);
        fs::create_dir_all(&self.library).during(self.library.display())?;
        write_once(
            &self.toolchain,
            &format!("set(BORINGSSL_PREFIX \"{PREFIX}\" CACHE STRING \"before every symbol\")\n"),
        )?;
        let mut command = shell::cargo_locked("build");
        command.args(["--package", "boring-sys"]).env("BORING_BSSL_INSTALL_DIR", &self.library);
        shell::run(self.prefixed(&mut command))
    }

    fn prefixed<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let bindgen = format!("-DBORINGSSL_PREFIX={PREFIX}");
        command.env(&self.toolchain_variable, &self.toolchain).env("BINDGEN_EXTRA_CLANG_ARGS", bindgen)
    }
}

/// A file that is touched builds everything behind it again.
fn write_once(path: &Path, text: &str) -> Outcome {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).during(path.display())
}

/// Which BoringSSL: a new version is built anew.
fn version(workspace: &Workspace) -> Outcome<&str> {
    let package = workspace.packages.iter().find(|package| package.name == "boring-sys");
    package.map(|package| package.version.as_str()).ok_or_else(|| Failure::new("boring-sys is not in the tree"))
}
