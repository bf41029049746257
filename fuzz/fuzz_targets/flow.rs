//! The joining of two legs: whatever happens in whatever order, what is wanted makes sense, and what is over stays over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simplon_proto_http::transfer::{Last, StreamError, Wait};
use simplon_proxy::flow::{Continue, Event, Flow, Gone, Side, Step, Wants};

fuzz_target!(|data: &[u8]| {
    let [how, happened @ ..] = data else { return };
    let last = if how & 1 == 0 { Last::Yes } else { Last::No };
    let gone = if how & 2 == 0 { Gone::Abort } else { Gone::Finish };
    let mut flow = Flow::new(last, gone);
    if how & 4 != 0 {
        flow = flow.expecting();
    }
    // Either anything happens, or only what was waited for.
    let is_sane = how & 8 != 0;
    makes_sense(&flow.wants());
    for octet in happened {
        let event = event(*octet);
        if is_sane && !can_happen(event, &flow) {
            continue;
        }
        let before = flow.clone();
        let step = flow.on(event);
        follows(&before, event, &flow, step);
        if step != Step::Go {
            return assert!(wants_nothing(&flow.wants()), "over, and waits for {:?}", flow.wants());
        }
        makes_sense(&flow.wants());
        assert!(waits(&flow.wants()), "waits for nothing, and is not over: {before:?} {event:?} {flow:?}");
    }
});

fn event(octet: u8) -> Event {
    let error = match octet >> 5 & 3 {
        0 => StreamError::Reset,
        1 => StreamError::Closed,
        2 => StreamError::Truncated,
        _ => StreamError::Timeout(Wait::Body),
    };
    let last = if octet & 0x80 == 0 { Last::No } else { Last::Yes };
    match octet & 15 {
        0 | 1 => Event::RequestPart(last),
        2 => Event::RequestFailed(error),
        3 => Event::ClientLeft(error),
        4 => Event::ClientStuck(error),
        5 => Event::Interim(Continue::Yes),
        6 => Event::Interim(Continue::No),
        7 | 8 => Event::ResponseHead(last),
        9 => Event::Tunnel,
        10 | 11 => Event::ResponsePart(last),
        12 => Event::ResponseFailed(error),
        13 => Event::OriginStuck(error),
        14 => Event::ExpectLapsed,
        _ => Event::Flushed,
    }
}

/// What a shell that does what the machine wants can tell it.
fn can_happen(event: Event, flow: &Flow) -> bool {
    let Wants { read_origin, read_client, watch_client, flush, expect } = flow.wants();
    match event {
        Event::RequestPart(_) | Event::RequestFailed(_) => read_client,
        Event::ClientLeft(_) => watch_client,
        Event::Interim(_) | Event::ResponseHead(_) | Event::Tunnel => read_origin && !flow.has_answered(),
        Event::ResponsePart(_) => read_origin && flow.has_answered(),
        Event::ResponseFailed(_) => read_origin,
        Event::ExpectLapsed => expect,
        Event::Flushed => flush,
        Event::ClientStuck(_) | Event::OriginStuck(_) => true,
    }
}

fn makes_sense(wants: &Wants) {
    let Wants { read_origin, read_client, watch_client, flush, expect } = *wants;
    assert!(!(read_client && expect), "reads a client that waits to be told");
    assert!(!(read_client && watch_client), "reads and watches");
    assert!(!(flush && read_origin), "flushes the end, and reads on");
}

/// Something that is bound to come: a client need never leave.
fn waits(wants: &Wants) -> bool {
    wants.read_origin || wants.read_client || wants.flush || wants.expect
}

fn wants_nothing(wants: &Wants) -> bool {
    !waits(wants) && !wants.watch_client
}

fn follows(before: &Flow, event: Event, after: &Flow, step: Step) {
    assert!(after.has_answered() || !before.has_answered(), "an answer was taken back");
    assert!(after.is_tunnel() || !before.is_tunnel(), "a tunnel became a message again");
    match step {
        Step::Go => {}
        Step::Finished => assert!(after.has_answered(), "finished without an answer"),
        Step::Failed(side, _) => {
            let blames = match event {
                Event::RequestFailed(_) | Event::ClientLeft(_) | Event::ClientStuck(_) => Side::Downstream,
                Event::ResponseFailed(_) | Event::OriginStuck(_) => Side::Upstream,
                other => panic!("failed by {other:?}"),
            };
            assert_eq!(side, blames, "{event:?}");
            assert_eq!(after.has_answered(), before.has_answered());
        }
    }
}
