//! The classes of attack, and what is to become of each.

use std::fmt;
use std::time::Duration;

use simplon::core::http::Http2Stats;
use simplon_testkit::h2::flood::{Flood, Offence};

/// Floods of one kind, which take turns.
#[derive(Debug)]
pub struct Class {
    pub name: &'static str,
    pub floods: &'static [Flood],
    /// How connections end, the first one at least once. Empty: they do not.
    ends: &'static [&'static str],
    counters: fn(&Http2Stats) -> u64,
    /// How long it takes at least to show.
    pub moment: Duration,
}

const SHORT: Duration = Duration::from_millis(1_000);
const LONG: Duration = Duration::from_millis(3_000);

/// How an end is written between the processes.
pub const CLOSED: &str = "closed";
pub const SURVIVED: &str = "survived";
const CALM: &str = "ENHANCE_YOUR_CALM";
const PROTOCOL: &str = "PROTOCOL_ERROR";
const SIZE: &str = "FRAME_SIZE_ERROR";

pub const ALL: &[Class] = &[
    Class {
        name: "rapid reset",
        floods: &[Flood::RapidReset],
        ends: &[CALM],
        counters: |stats| stats.reset_floods + stats.library_floods,
        moment: SHORT,
    },
    Class {
        name: "made you reset",
        floods: &[
            Flood::MadeYouReset(Offence::WindowOverflow),
            Flood::MadeYouReset(Offence::Malformed),
            Flood::MadeYouReset(Offence::ContentLength),
            Flood::MadeYouReset(Offence::ZeroWindowUpdate),
            Flood::MadeYouReset(Offence::DataAfterEnd),
            Flood::MadeYouReset(Offence::HeadersAfterEnd),
            Flood::MadeYouReset(Offence::PriorityLength),
        ],
        // Of some the first ends the connection.
        ends: &[CALM, PROTOCOL, SIZE],
        counters: |stats| stats.library_floods + stats.malformed_floods,
        moment: SHORT,
    },
    Class {
        name: "heads without end",
        floods: &[Flood::Continuation, Flood::EmptyContinuation],
        ends: &[CALM],
        counters: |stats| stats.library_floods,
        moment: SHORT,
    },
    Class {
        name: "HPACK bombs",
        floods: &[Flood::HpackBomb],
        ends: &[CALM],
        counters: |stats| stats.library_floods,
        moment: SHORT,
    },
    Class {
        name: "cookie crumbs",
        floods: &[Flood::CookieCrumbs],
        ends: &[CALM],
        counters: |stats| stats.malformed_floods,
        moment: LONG,
    },
    Class {
        name: "PING",
        floods: &[Flood::Ping, Flood::Pong],
        ends: &[CALM],
        counters: |stats| stats.control_floods,
        moment: SHORT,
    },
    Class {
        name: "SETTINGS",
        floods: &[Flood::Settings],
        ends: &[CALM],
        counters: |stats| stats.control_floods,
        moment: SHORT,
    },
    Class {
        name: "other frames of control",
        floods: &[Flood::Priority, Flood::PriorityUpdate, Flood::WindowUpdate, Flood::Unknown],
        ends: &[CALM],
        counters: |stats| stats.control_floods,
        moment: SHORT,
    },
    Class {
        name: "empty DATA",
        floods: &[Flood::EmptyData],
        ends: &[CALM],
        counters: |stats| stats.library_floods,
        moment: SHORT,
    },
    // Content, which is passed on as it comes.
    Class { name: "tiny DATA", floods: &[Flood::TinyData, Flood::Padding], ends: &[], counters: |_| 0, moment: SHORT },
    // The streams are given up one by one; a head that takes too long ends its connection without a word.
    Class {
        name: "stalls",
        floods: &[
            Flood::Stall,
            Flood::Drip(Duration::from_millis(50)),
            Flood::SlowFields(Duration::from_millis(50)),
            Flood::SlowFields(Duration::from_millis(1000)),
        ],
        ends: &[CLOSED, CALM],
        counters: |stats| stats.stalled.min(stats.slow_heads),
        moment: LONG,
    },
];

impl Class {
    pub fn counted(&self, stats: &Http2Stats) -> u64 {
        (self.counters)(stats)
    }

    /// Whether connections are ended at all.
    pub fn is_ended(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Whether a connection may end so. A socket that is closed with octets unread takes back what it said last (RFC 9293 §3.6.1), so that some
    /// attackers never hear the code.
    pub fn allows(&self, end: &str) -> bool {
        if self.is_ended() { end == CLOSED || self.ends.contains(&end) } else { end == SURVIVED }
    }

    /// Whether this is the end that at least one must hear.
    pub fn wants(&self, end: &str) -> bool {
        self.ends.first() == Some(&end)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
