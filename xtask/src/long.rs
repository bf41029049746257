//! `cargo xtask long`: the tests that take too long for each change, and are marked as ignored.

use crate::failure::Outcome;
use crate::shell;
use crate::tls;

/// Each with the package and the test binary that it is in. Each runs alone: it looks at the memory or the descriptors of the process.
const TESTS: &[(&str, &str, &str)] = &[
    ("simplon", "load_balancer", "ten_thousand_idle_connections_beside_a_thousand_active_ones"),
    ("simplon-proto-tls-rustls", "reloads", "a_hundred_thousand_reloads_leak_nothing"),
    ("simplon-proto-tls-s2n", "reloads", "a_hundred_thousand_reloads_leak_nothing"),
];

/// The same, where the packages of the system are there.
const OF_THE_SYSTEM: &[(&str, &str, &str)] = &[
    ("simplon-proto-tls-openssl", "reloads", "a_hundred_thousand_reloads_leak_nothing"),
    ("simplon-proto-tls-boringssl", "reloads", "a_hundred_thousand_reloads_leak_nothing"),
];

pub(crate) fn command() -> Outcome {
    let has_packages = tls::missing().is_empty();
    if !has_packages {
        crate::skips::note("Debian packages for OpenSSL and BoringSSL (`cargo xtask tls` installs them)");
    }
    let rest = if has_packages { OF_THE_SYSTEM } else { &[] };
    TESTS.iter().chain(rest).try_for_each(|(package, binary, test)| {
        let mut command = shell::cargo_test()?;
        command.args(["--package", package, "--test", binary, "--", "--ignored", "--exact", test, "--nocapture"]);
        shell::run(&mut command)
    })
}

#[cfg(test)]
mod tests;
