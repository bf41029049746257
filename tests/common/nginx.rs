//! nginx, as a peer.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::child::Program;
use super::tools::Folder;
use super::{LONG, millis};

/// nginx in a folder of its own, on a port that was free a moment ago.
#[derive(Debug)]
pub struct Nginx {
    _program: Program,
    pub addr: SocketAddr,
    pub folder: Folder,
}

impl Nginx {
    /// With what stands inside of `http {}`, made from its address and its folder.
    pub fn start(inside: impl FnOnce(SocketAddr, &Path) -> String) -> Self {
        let folder = Folder::new();
        let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (f, inside) = (folder.path().display(), inside(addr, folder.path()));
        let config = format!(
            "daemon off; master_process off; error_log {f}/error.log; pid {f}/pid; events {{}}\n\
             http {{ access_log off; client_body_temp_path {f}/b; proxy_temp_path {f}/p; fastcgi_temp_path {f}/f; \
             uwsgi_temp_path {f}/u; scgi_temp_path {f}/s;\n{inside} }}\n"
        );
        let config = folder.file("nginx.conf", config.as_bytes());
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(config);
        let program = Program::start(&mut command);
        let by = std::time::Instant::now() + LONG;
        while std::net::TcpStream::connect(addr).is_err() {
            assert!(std::time::Instant::now() < by, "nginx does not start");
            std::thread::sleep(millis(10));
        }
        Self { _program: program, addr, folder }
    }

    /// What it complained of.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}
