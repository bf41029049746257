//! Clients that flood a proxy over real sockets, beside clients that do not.
//!
//! The attackers are a process of their own, of the lowest priority: what they cost the machine is not what they do to the proxy. Each class of
//! attack lasts for a moment, and for ten seconds if that is asked for; only then is it measured how long the others wait, before and meanwhile.
#![allow(unreachable_pub, reason = "what modules share is told from what is theirs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "../common/common.rs"]
mod common;

mod attack;
mod class;
mod ground;
mod honest;

use std::fmt;
use std::thread::sleep;
use std::time::Duration;

use attack::Fate;
use class::Class;
use common::millis;
use ground::{Ground, Memory};
use honest::{Honest, Waits};
use simplon::core::http::Http2Config;

/// What an attack may make the process hold beside what it held before: a few connections, each with as many streams as it may have.
const MOST_OCTETS: usize = 24 << 20;
/// How many times longer than before it one in a hundred may wait.
const MOST_SLOWER: u32 = 2;
/// What is less is noise, on a machine whose two processors are shared by the proxy, its origin, the clients, the attackers and whatever else runs
/// there. A flood that keeps a worker busy shows as more.
const NOISE: Duration = millis(50);
/// A machine may be busy with something else for a while: a flood that does slow others down does so each time.
const TRIES: u32 = 3;

#[test]
fn each_flood_for_a_moment() {
    // The attackers are this test, started once more.
    if attack::was_ordered() {
        return;
    }
    // A moment is not enough for what is allowed by default.
    let mut http2 = Http2Config::default();
    http2.concurrent_streams = 32;
    http2.local_resets = 32;
    let ground = Ground::new(millis(300), http2);
    let honest = Honest::beside(ground.addr());
    sleep(millis(300));
    for class in class::ALL {
        let mut seen = Seen::under(class, &ground, &honest, class.moment);
        // A machine that is busy with something else lets attackers do less in a moment.
        for times in [3, 9] {
            if seen.was_ended(class) {
                break;
            }
            seen = Seen::under(class, &ground, &honest, class.moment * times);
        }
        println!("{class}: {seen}");
        seen.check(class);
    }
    honest.leave();
}

#[test]
#[ignore = "takes more than two minutes: ten seconds for each class of attack"]
fn each_flood_for_ten_seconds() {
    let ground = Ground::new(Duration::from_secs(2), Http2Config::default());
    let honest = Honest::beside(ground.addr());
    sleep(Duration::from_secs(1));
    let mut calm = calm(&honest);
    for class in class::ALL {
        let swift = (0..TRIES).any(|_| is_swift(class, &ground, &honest, &mut calm));
        assert!(swift, "{class}: others waited too long, each time");
    }
    honest.leave();
}

/// How long clients wait while nobody attacks.
fn calm(honest: &Honest) -> Waits {
    honest.waits();
    sleep(Duration::from_secs(2));
    honest.waits()
}

/// Whether those who do not flood are served nearly as soon as without the flood: before it, or after it, which is before the next one.
fn is_swift(class: &Class, ground: &Ground, honest: &Honest, calm: &mut Waits) -> bool {
    let seen = Seen::under(class, ground, honest, Duration::from_secs(10));
    let before = std::mem::replace(calm, self::calm(honest));
    println!("{class}: {seen}, before it {before}, after it {calm}");
    seen.check(class);
    seen.waits.p99 <= (before.p99.max(calm.p99) * MOST_SLOWER).max(NOISE)
}

/// What was seen of one attack.
struct Seen {
    fates: Vec<Fate>,
    /// How often the counters of the class were raised.
    counted: u64,
    /// Octets; `None` where that cannot be asked.
    grown: Option<usize>,
    waits: Waits,
}

impl Seen {
    fn under(class: &Class, ground: &Ground, honest: &Honest, lasting: Duration) -> Self {
        honest.waits();
        let before = class.counted(&ground.stats());
        let memory = Memory::watch();
        let fates = attack::launch(ground.addr(), class, lasting);
        Self {
            fates,
            counted: class.counted(&ground.stats()) - before,
            grown: memory.most_grown(),
            waits: honest.waits(),
        }
    }

    /// Those who were not under way when time was over.
    fn whole(&self) -> impl Iterator<Item = &Fate> {
        self.fates.iter().filter(|fate| !fate.is_cut)
    }

    /// Whether an attacker heard what it should, if it should be ended at all.
    fn was_ended(&self, class: &Class) -> bool {
        !class.is_ended() || self.whole().any(|fate| class.wants(&fate.end))
    }

    fn check(&self, class: &Class) {
        let what = format!("{class}: {self}");
        for fate in self.whole() {
            assert!(class.allows(&fate.end), "{what}: {fate:?}");
        }
        assert!(self.was_ended(class), "{what}: {:?}", self.fates);
        if class.is_ended() {
            assert!(self.counted > 0, "{what}: it does not show");
        }
        assert!(self.waits.count > 0, "{what}: nobody else was served");
        match self.grown {
            Some(grown) => assert!(grown <= MOST_OCTETS, "{what}: memory is not bounded"),
            None => simplon_testkit::skip("memory of the process"),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ends: Vec<(&str, usize)> = Vec::new();
        for fate in self.whole() {
            match ends.iter_mut().find(|(end, _)| *end == fate.end) {
                Some((_, count)) => *count += 1,
                None => ends.push((&fate.end, 1)),
            }
        }
        let Self { fates, counted, grown, waits } = self;
        let frames: u64 = fates.iter().map(|fate| fate.frames).sum();
        let kib = grown.unwrap_or(0) >> 10;
        write!(
            f,
            "{frames} frames on {} connections, {ends:?}, counted {counted}, {kib} KiB more, {waits}",
            fates.len()
        )
    }
}
