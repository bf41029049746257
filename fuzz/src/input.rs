//! The first octets of an input choose how the rest is used.

use std::sync::Arc;

use simplon_proto_http::h1::{Config, NextHop};
use simplon_proto_http::rules::Switch;

/// An input taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Bits that choose among variants.
    pub mode: u8,
    switches: u8,
    cuts: u8,
    /// What a peer sends.
    pub octets: &'a [u8],
}

impl<'a> Input<'a> {
    /// `None` if it is too short to choose anything.
    pub fn parse(data: &'a [u8]) -> Option<Self> {
        let [mode, switches, cuts, octets @ ..] = data else { return None };
        Some(Self { mode: *mode, switches: *switches, cuts: *cuts, octets })
    }

    /// Limits that a short input can reach, or the usual ones; any of the lenient switches.
    pub fn config(&self) -> Arc<Config> {
        let mut config = Config::default();
        // Absolute-form targets stay what they are.
        config.next_hop = NextHop::Proxy;
        if self.switches & 1 != 0 {
            let limits = &mut config.limits;
            limits.head_octets = 160;
            limits.head_fields = 6;
            limits.target_octets = 40;
            limits.trailer_octets = 60;
            limits.trailer_fields = 3;
            limits.chunk_line_octets = 12;
            limits.body_octets = Some(50);
            limits.interim_heads = 2;
        }
        let switch = |bit: u8| if self.switches & bit != 0 { Switch::Lenient } else { Switch::Strict };
        let leniency = &mut config.leniency;
        leniency.equal_lengths = switch(2);
        leniency.length_with_encoding = switch(4);
        leniency.bare_line_feeds = switch(8);
        leniency.folded_responses = switch(16);
        leniency.host_missing = switch(32);
        Arc::new(config)
    }

    /// The octets octet by octet, or in pieces of sizes that follow from the input.
    pub fn pieces(&self) -> Vec<&'a [u8]> {
        let mut seed = u32::from(self.cuts);
        let (mut pieces, mut rest) = (Vec::new(), self.octets);
        while !rest.is_empty() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let most = if self.cuts == 0 { 1 } else { (seed >> 24) as usize % (usize::from(self.cuts) + 1) + 1 };
            let (piece, others) = rest.split_at(most.min(rest.len()));
            pieces.push(piece);
            rest = others;
        }
        pieces
    }
}
