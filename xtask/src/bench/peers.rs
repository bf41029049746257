//! What we are compared with, made ready in `target/bench-peers`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::text;
use crate::failure::{During, Failure, Outcome};
use crate::options::Options;
use crate::setup;
use crate::shell;
use crate::workspace::Workspace;

/// Nothing can be measured without these.
const NEEDED: [&str; 6] = ["nginx", "wrk", "taskset", "cc", "python3", "openssl"];
/// Configurations in which `@PEERS@` stands for the folder.
const CONFIGURATIONS: [&str; 3] = ["origin.conf", "nginx.conf", "haproxy.cfg"];

/// A folder with the relay, the configurations, the origin's files and, if asked for, Pingora.
pub(super) struct Peers {
    pub(super) folder: PathBuf,
}

impl Peers {
    /// Peers that cannot be had are left out, by name; the scripts skip what is not there.
    pub(super) fn prepare(workspace: &Workspace, options: &Options) -> Outcome<Self> {
        if options.has("--setup") {
            setup::command(workspace, options)?;
        }
        let missing: Vec<&str> = NEEDED.into_iter().filter(|tool| !shell::installed(tool)).collect();
        if !missing.is_empty() {
            let names = missing.join(", ");
            return Err(Failure::new(format!("not installed: {names}; `cargo xtask setup` or `bench --setup`")));
        }
        if !shell::installed("haproxy") {
            println!("haproxy is not installed and is left out (`cargo xtask setup`)");
        }
        let peers = Self { folder: workspace.target.join("bench-peers") };
        let bench = workspace.root.join("bench");
        peers.content()?;
        peers.certificate()?;
        peers.configurations(&bench)?;
        peers.relay(&bench)?;
        peers.pingora(&bench, options)?;
        Ok(peers)
    }

    /// What the origin serves from disk.
    fn content(&self) -> Outcome {
        let www = self.folder.join("www");
        fs::create_dir_all(&www).during(www.display())?;
        for (name, octets) in [("100k", 100 << 10), ("1m", 1 << 20)] {
            // Plain repetition would do; letters are easier to look at than zeros.
            let body: Vec<u8> = (b'a'..=b'z').cycle().take(octets).collect();
            fs::write(www.join(name), body).during(name)?;
        }
        Ok(())
    }

    /// A key and its certificate for all who end TLS, apart and in one file.
    fn certificate(&self) -> Outcome {
        let [key, cert, both] = ["key.pem", "cert.pem", "both.pem"].map(|name| self.folder.join(name));
        if both.is_file() {
            return Ok(());
        }
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "3650", "-keyout"]);
        shell::run(openssl.arg(&key).arg("-out").arg(&cert))?;
        let read = |path: &Path| fs::read_to_string(path).during(path.display());
        fs::write(&both, read(&cert)? + &read(&key)?).during(both.display())
    }

    fn configurations(&self, bench: &Path) -> Outcome {
        let folder = text(&self.folder)?;
        for name in CONFIGURATIONS {
            let path = bench.join(format!("{name}.in"));
            let template = fs::read_to_string(&path).during(path.display())?;
            fs::write(self.folder.join(name), template.replace("@PEERS@", &folder)).during(name)?;
        }
        Ok(())
    }

    fn relay(&self, bench: &Path) -> Outcome {
        let mut cc = Command::new("cc");
        shell::run(cc.args(["-O2", "-o"]).arg(self.folder.join("relay")).arg(bench.join("relay.c")))
    }

    /// Some minutes of building, so only when asked for; once built it takes part in every run.
    fn pingora(&self, bench: &Path, options: &Options) -> Outcome {
        if self.folder.join("target/release/pingora-peer").is_file() {
            return Ok(());
        }
        if !options.has("--pingora") {
            println!("Pingora is left out; `--pingora` builds it once");
            return Ok(());
        }
        let manifest = bench.join("pingora-peer/Cargo.toml");
        let mut build = shell::cargo("build");
        build.args(["--release", "--locked", "--manifest-path"]).arg(manifest);
        shell::run(build.env("CARGO_TARGET_DIR", self.folder.join("target")))
    }
}
