//! The attackers: this program once more, which floods and tells what became of it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use simplon_testkit::h2::Peer;
use simplon_testkit::h2::flood::{Effort, End};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::class::{self, CLOSED, Class, SURVIVED};
use crate::common::child::installed;
use crate::common::millis;

/// What it is told in.
const ORDER: &str = "SIMPLON_TEST_FLOOD";
/// At a time.
const CONNECTIONS: usize = 4;
/// Before the next one: an attacker that is refused must not run out of ports.
const PAUSE: Duration = millis(5);

/// What became of one connection.
#[derive(Debug)]
pub struct Fate {
    pub end: String,
    pub frames: u64,
    /// Whether the time was over before the connection was.
    pub is_cut: bool,
}

/// Has attackers flood for so long; what became of their connections.
pub fn launch(at: SocketAddr, class: &Class, lasting: Duration) -> Vec<Fate> {
    let myself = std::env::current_exe().unwrap();
    let mut command = if installed("nice") { Command::new("nice") } else { Command::new(&myself) };
    if installed("nice") {
        command.args(["-n", "19"]).arg(&myself);
    }
    command.args(["--exact", "each_flood_for_a_moment", "--nocapture"]);
    let output = command.env(ORDER, format!("{at} {} {}", lasting.as_millis(), class.name)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let fates: Vec<Fate> = said.lines().filter_map(|line| read(line.strip_prefix(FATE)?)).collect();
    assert!(fates.len() >= CONNECTIONS, "{said}");
    fates
}

const FATE: &str = "fate: ";

fn read(line: &str) -> Option<Fate> {
    let mut words = line.split(' ');
    let (end, frames, is_cut) = (words.next()?, words.next()?, words.next()?);
    Some(Fate { end: end.to_owned(), frames: frames.parse().ok()?, is_cut: is_cut == "true" })
}

/// Whether this is the process of the attackers; if so, they have done what [`launch`] asked for.
pub fn was_ordered() -> bool {
    let Ok(order) = std::env::var(ORDER) else { return false };
    let mut words = order.splitn(3, ' ');
    let at: SocketAddr = words.next().unwrap().parse().unwrap();
    let lasting = Duration::from_millis(words.next().unwrap().parse().unwrap());
    let name = words.next().unwrap();
    let class = class::ALL.iter().find(|class| class.name == name).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let until = Instant::now() + lasting;
        let mut attackers = tokio::task::JoinSet::new();
        for number in 0..CONNECTIONS {
            attackers.spawn(attack(at, class, number, until));
        }
        attackers.join_all().await
    });
    true
}

async fn attack(at: SocketAddr, class: &'static Class, number: usize, until: Instant) {
    for flood in class.floods.iter().cycle().skip(number) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut peer = Peer::client(stream);
        peer.patience = Duration::from_secs(2);
        let (end, frames) = match flood.run(&mut peer, Effort::lasting(left)).await {
            Ok(flooded) => (word(flooded.end), flooded.frames),
            Err(miss) => (format!("{miss}").replace(' ', "_"), 0),
        };
        let is_cut = class.is_ended() && Instant::now() >= until;
        // What the harness says may stand at the beginning of a line.
        println!("\n{FATE}{end} {frames} {is_cut}");
        sleep(PAUSE).await;
    }
}

fn word(end: End) -> String {
    match end {
        End::GoAway(code) => code.to_string(),
        End::Closed => CLOSED.to_owned(),
        End::Survived => SURVIVED.to_owned(),
        End::Silent => "silent".to_owned(),
    }
}
