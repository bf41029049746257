use super::*;

const RESET: StreamError = StreamError::Reset;

fn over(step: Step) -> bool {
    step != Step::Go
}

fn wants_nothing(flow: &Flow) -> bool {
    let Wants { read_origin, read_client, watch_client, flush, expect } = flow.wants();
    !(read_origin || read_client || watch_client || flush || expect)
}

/// Tells the events one after the other; all but the last must go on.
fn play(mut flow: Flow, events: &[Event]) -> (Flow, Step) {
    let mut step = Step::Go;
    for event in events {
        assert_eq!(step, Step::Go, "over before {event:?}");
        step = flow.on(*event);
    }
    (flow, step)
}

#[test]
fn a_request_without_content_reads_the_origin_and_watches_the_client() {
    let flow = Flow::new(Last::Yes, Gone::Abort);
    let wants = flow.wants();
    assert!(wants.read_origin && wants.watch_client && !wants.read_client && !wants.flush);
    assert!(flow.is_delivered());
}

#[test]
fn both_directions_are_read_while_both_go_on() {
    let flow = Flow::new(Last::No, Gone::Abort);
    assert!(flow.wants().read_origin && flow.wants().read_client && !flow.wants().watch_client);
}

#[test]
fn an_exchange_ends_when_the_response_is_handed_over() {
    let (flow, step) = play(
        Flow::new(Last::No, Gone::Abort),
        &[
            Event::RequestPart(Last::No),
            Event::RequestPart(Last::Yes),
            Event::Interim(Continue::No),
            Event::ResponseHead(Last::No),
            Event::ResponsePart(Last::No),
            Event::ResponsePart(Last::Yes),
            Event::Flushed,
        ],
    );
    assert_eq!(step, Step::Finished);
    assert!(flow.is_delivered() && wants_nothing(&flow));
}

#[test]
fn an_early_answer_leaves_the_rest_of_the_upload_unread() {
    let (flow, step) = play(Flow::new(Last::No, Gone::Abort), &[Event::ResponseHead(Last::Yes)]);
    assert_eq!(step, Step::Go);
    assert!(!flow.wants().read_client && flow.wants().flush && !flow.is_delivered());
}

#[test]
fn an_early_head_lets_the_upload_go_on_until_the_response_ends() {
    let (mut flow, _) = play(Flow::new(Last::No, Gone::Abort), &[Event::ResponseHead(Last::No)]);
    assert!(flow.wants().read_client && flow.wants().read_origin);
    flow.on(Event::ResponsePart(Last::Yes));
    assert!(!flow.wants().read_client);
}

/// C30: the origin decides whether the client is told to go on.
#[test]
fn a_client_that_waits_is_not_read_before_it_is_told() {
    let mut flow = Flow::new(Last::No, Gone::Abort).expecting();
    assert!(!flow.wants().read_client && flow.wants().expect);
    flow.on(Event::Interim(Continue::No));
    assert!(!flow.wants().read_client);
    flow.on(Event::Interim(Continue::Yes));
    assert!(flow.wants().read_client && !flow.wants().expect);
}

#[test]
fn a_client_that_waits_is_told_when_patience_ends() {
    let (flow, _) = play(Flow::new(Last::No, Gone::Abort).expecting(), &[Event::ExpectLapsed]);
    assert!(flow.wants().read_client && !flow.wants().expect);
}

#[test]
fn a_final_answer_to_a_client_that_waits_means_that_its_content_is_not_wanted() {
    let (flow, _) = play(Flow::new(Last::No, Gone::Abort).expecting(), &[Event::ResponseHead(Last::No)]);
    assert!(!flow.wants().read_client && !flow.wants().expect && !flow.is_delivered());
}

#[test]
fn a_request_without_content_has_nothing_to_wait_for() {
    assert!(!Flow::new(Last::Yes, Gone::Abort).expecting().wants().expect);
}

/// E51, 12-046: what a half-closed client gets depends upon the policy.
#[test]
fn a_client_that_leaves_ends_the_exchange_or_does_not() {
    let half_close = Event::ClientLeft(StreamError::Closed);
    let (_, step) = play(Flow::new(Last::Yes, Gone::Abort), &[half_close]);
    assert_eq!(step, Step::Failed(Side::Downstream, StreamError::Closed));
    let (flow, step) = play(Flow::new(Last::Yes, Gone::Finish), &[half_close]);
    assert_eq!(step, Step::Go);
    assert!(!flow.wants().watch_client && flow.wants().read_origin);
    let (_, step) = play(Flow::new(Last::Yes, Gone::Finish), &[Event::ClientLeft(RESET)]);
    assert_eq!(step, Step::Failed(Side::Downstream, RESET));
}

/// C30: an answer that came before the reset is not swallowed by it.
#[test]
fn an_origin_that_stops_reading_may_still_answer() {
    let (flow, step) = play(Flow::new(Last::No, Gone::Abort), &[Event::OriginStuck(RESET)]);
    assert_eq!(step, Step::Go);
    assert!(flow.wants().read_origin && !flow.wants().read_client);
    let (_, step) = play(flow, &[Event::ResponseHead(Last::Yes), Event::Flushed]);
    assert_eq!(step, Step::Finished);
}

/// C30: nor one that has come to its end and is on its way to the client.
#[test]
fn an_origin_that_has_answered_may_go() {
    let stuck = Event::OriginStuck(RESET);
    let events = [Event::ResponseHead(Last::No), stuck, Event::ResponsePart(Last::Yes), stuck, stuck, Event::Flushed];
    let (_, step) = play(Flow::new(Last::No, Gone::Abort), &events);
    assert_eq!(step, Step::Finished);
}

/// However often it is told: a socket says it at every write.
#[test]
fn an_origin_that_stops_reading_may_still_answer_when_it_is_told_again() {
    let stuck = Event::OriginStuck(RESET);
    for request in [Last::No, Last::Yes] {
        let events =
            [stuck, stuck, Event::ResponseHead(Last::No), stuck, Event::ResponsePart(Last::Yes), Event::Flushed];
        let (_, step) = play(Flow::new(request, Gone::Abort), &events);
        assert_eq!(step, Step::Finished);
    }
}

#[test]
fn what_an_origin_said_last_in_a_tunnel_is_read_after_it_stopped_reading() {
    let stuck = Event::OriginStuck(RESET);
    let (mut flow, _) = play(Flow::new(Last::Yes, Gone::Abort), &[Event::Tunnel, stuck, stuck]);
    assert!(flow.wants().read_origin && !flow.wants().read_client);
    assert_eq!(flow.on(Event::ResponsePart(Last::No)), Step::Go);
    assert_eq!(flow.on(Event::ResponseFailed(StreamError::Truncated)), Step::Failed(Side::Upstream, RESET));
}

#[test]
fn an_origin_that_takes_nothing_for_too_long_failed() {
    let late = StreamError::Timeout(simplon_proto_http::transfer::Wait::Write);
    let (_, step) = play(Flow::new(Last::No, Gone::Abort), &[Event::OriginStuck(late)]);
    assert_eq!(step, Step::Failed(Side::Upstream, late));
}

#[test]
fn an_origin_that_stops_reading_and_does_not_answer_failed_by_the_first_fault() {
    let (_, step) = play(
        Flow::new(Last::No, Gone::Abort),
        &[Event::OriginStuck(RESET), Event::ResponseFailed(StreamError::Closed)],
    );
    assert_eq!(step, Step::Failed(Side::Upstream, RESET));
}

#[test]
fn a_failure_before_the_answer_leaves_room_for_another_attempt() {
    let (flow, step) = play(Flow::new(Last::Yes, Gone::Abort), &[Event::ResponseFailed(StreamError::Closed)]);
    assert_eq!(step, Step::Failed(Side::Upstream, StreamError::Closed));
    assert!(!flow.has_answered());
    let (flow, _) = play(
        Flow::new(Last::Yes, Gone::Abort),
        &[Event::ResponseHead(Last::No), Event::ResponseFailed(StreamError::Truncated)],
    );
    assert!(flow.has_answered());
}

/// H68: half-close in a tunnel is no end.
#[test]
fn a_tunnel_ends_when_both_directions_have() {
    for (first, second) in [
        (Event::RequestPart(Last::Yes), Event::ResponsePart(Last::Yes)),
        (Event::ResponsePart(Last::Yes), Event::RequestPart(Last::Yes)),
    ] {
        let (mut flow, _) = play(Flow::new(Last::Yes, Gone::Abort), &[Event::Tunnel]);
        assert!(flow.is_tunnel() && flow.wants().read_client && flow.wants().read_origin && !flow.wants().watch_client);
        let mut step = flow.on(first);
        if flow.wants().flush {
            step = flow.on(Event::Flushed);
        }
        assert_eq!(step, Step::Go);
        step = flow.on(second);
        if flow.wants().flush {
            assert_eq!(step, Step::Go);
            step = flow.on(Event::Flushed);
        }
        assert_eq!(step, Step::Finished);
    }
}

#[test]
fn a_tunnel_to_an_origin_that_stopped_reading_ends_with_its_other_direction() {
    let (_, step) = play(
        Flow::new(Last::No, Gone::Abort),
        &[Event::OriginStuck(RESET), Event::Tunnel, Event::ResponsePart(Last::Yes), Event::Flushed],
    );
    assert_eq!(step, Step::Finished);
}

/// A generator of numbers that a seed determines (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let thrown = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(thrown).unwrap() % bound
    }

    fn last(&mut self) -> Last {
        if self.below(4) == 0 { Last::Yes } else { Last::No }
    }

    fn fault(&mut self) -> StreamError {
        use simplon_proto_http::transfer::Wait;
        let faults = [
            StreamError::Closed,
            StreamError::Truncated,
            RESET,
            StreamError::Timeout(Wait::Body),
            StreamError::Io(std::io::ErrorKind::Other),
        ];
        faults[self.below(faults.len())]
    }
}

/// Everything that can happen next, as the legs would have it.
fn possible(flow: &Flow, dice: &mut Dice) -> Vec<Event> {
    let wants = flow.wants();
    let mut events = Vec::new();
    if wants.read_origin {
        if flow.has_answered() {
            events.extend([Event::ResponsePart(dice.last()), Event::ResponsePart(dice.last())]);
        } else {
            let head = if dice.below(4) == 0 { Event::Tunnel } else { Event::ResponseHead(dice.last()) };
            events.extend([head, Event::Interim(Continue::No)]);
            if wants.expect {
                events.push(Event::Interim(Continue::Yes));
            }
        }
        if dice.below(6) == 0 {
            events.push(Event::ResponseFailed(dice.fault()));
        }
    }
    if wants.read_client {
        events.extend([Event::RequestPart(dice.last()), Event::RequestPart(dice.last())]);
        if dice.below(6) == 0 {
            events.push(Event::RequestFailed(dice.fault()));
        }
    }
    if wants.flush {
        events.push(Event::Flushed);
    }
    if wants.expect {
        events.push(Event::ExpectLapsed);
    }
    if wants.watch_client && dice.below(6) == 0 {
        events.push(Event::ClientLeft(dice.fault()));
    }
    match dice.below(24) {
        0 => events.push(Event::OriginStuck(dice.fault())),
        1 => events.push(Event::ClientStuck(dice.fault())),
        _ => {}
    }
    events
}

/// One exchange from a seed: invariants hold after each step, and it ends.
fn simulate(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let request = dice.last();
    let gone = if dice.below(2) == 0 { Gone::Abort } else { Gone::Finish };
    let mut flow = Flow::new(request, gone);
    if dice.below(3) == 0 {
        flow = flow.expecting();
    }
    let mut told = Vec::new();
    let mut sent_all = request == Last::Yes;
    for _ in 0..2000 {
        let events = possible(&flow, &mut dice);
        assert!(!events.is_empty() || has_something_to_wait_for(&flow), "seed {seed}: stuck after {told:?}");
        let Some(event) = events.get(dice.below(events.len().max(1))).copied() else { continue };
        told.push(event);
        let answered = flow.has_answered();
        let tunnel = flow.is_tunnel();
        let step = flow.on(event);
        sent_all = sent_all && (tunnel || event != Event::Tunnel) || event == Event::RequestPart(Last::Yes);
        assert!(flow.has_answered() || !answered, "seed {seed}: an answer was taken back after {told:?}");
        assert!(flow.is_tunnel() || !tunnel, "seed {seed}: a tunnel became HTTP again after {told:?}");
        assert!(!flow.is_delivered() || sent_all, "seed {seed}: delivered what never came: {told:?}");
        if over(step) {
            assert!(wants_nothing(&flow), "seed {seed}: wants {:?} after {told:?}", flow.wants());
            return ended(seed, step, &told);
        }
        let wants = flow.wants();
        assert!(!(wants.expect && wants.read_client), "seed {seed}: reads a client that was not told: {told:?}");
        assert!(!(wants.watch_client && wants.read_client), "seed {seed}: watches a client that it reads: {told:?}");
    }
    panic!("seed {seed}: does not end: {told:?}");
}

fn has_something_to_wait_for(flow: &Flow) -> bool {
    let wants = flow.wants();
    wants.read_origin || wants.read_client || wants.flush
}

/// It finished with the response handed over, or failed for a fault that was told.
fn ended(seed: u64, step: Step, told: &[Event]) {
    match step {
        Step::Go => unreachable!("it goes on"),
        Step::Finished => {
            assert!(told.contains(&Event::Flushed), "seed {seed}: finished without its response: {told:?}");
            assert!(
                told.iter()
                    .any(|event| matches!(event, Event::ResponseHead(Last::Yes) | Event::ResponsePart(Last::Yes))),
                "seed {seed}: {told:?}"
            );
        }
        Step::Failed(side, error) => {
            let is_fault = |event: &Event| match *event {
                Event::RequestFailed(fault) | Event::ClientLeft(fault) | Event::ClientStuck(fault) => {
                    side == Side::Downstream && fault == error
                }
                Event::ResponseFailed(fault) | Event::OriginStuck(fault) => side == Side::Upstream && fault == error,
                _ => false,
            };
            assert!(told.iter().any(is_fault), "seed {seed}: {step:?} was never told: {told:?}");
        }
    }
}

#[test]
fn whatever_happens_an_exchange_ends_and_then_wants_nothing() {
    for seed in 0..20_000 {
        simulate(seed);
    }
}

mod replay {
    use bytes::Bytes;

    use super::super::{Recorded, Replay};
    use crate::chunk::Chunk;
    use simplon_proto_http::Last;

    fn chunk(octets: &'static [u8]) -> Chunk {
        Chunk::Data(Bytes::from_static(octets), Last::No)
    }

    fn kept(replay: &Replay) -> Vec<u8> {
        let octets = replay.chunks().filter_map(|chunk| match chunk {
            Chunk::Data(octets, _) => Some(octets.to_vec()),
            Chunk::Trailers(_) => None,
        });
        octets.flatten().collect()
    }

    #[test]
    fn what_was_sent_is_kept_up_to_the_bound() {
        let mut replay = Replay::new(6);
        replay.record(&chunk(b"abc"));
        replay.record(&chunk(b"def"));
        assert_eq!((replay.recorded(), kept(&replay)), (Recorded::Whole, b"abcdef".to_vec()));
    }

    /// G61: over the bound nothing is kept, rather than less than all.
    #[test]
    fn over_the_bound_nothing_is_kept() {
        let mut replay = Replay::new(6);
        replay.record(&chunk(b"abcdef"));
        replay.record(&chunk(b"g"));
        assert_eq!((replay.recorded(), kept(&replay)), (Recorded::Overflowed, Vec::new()));
        replay.record(&chunk(b""));
        assert_eq!(replay.recorded(), Recorded::Overflowed);
    }

    #[test]
    fn a_bound_of_zero_keeps_requests_without_content() {
        let mut replay = Replay::new(0);
        assert_eq!(replay.recorded(), Recorded::Whole);
        replay.record(&Chunk::Data(Bytes::new(), Last::Yes));
        assert_eq!((replay.recorded(), replay.chunks().count()), (Recorded::Whole, 1));
    }
}
