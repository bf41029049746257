//! Requests: cutting changes nothing, an error is the last word, and what is accepted is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simplon_fuzz::{Input, Story, answer, messages, read, request_again};
use simplon_proto_http::RequestHead;
use simplon_proto_http::h1::{Machine, Server};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let whole = story(&input, &[input.octets]);
    let cut = story(&input, &input.pieces());
    assert_eq!(format!("{:?}", whole.said), format!("{:?}", cut.said));
    assert_eq!(whole.wrote, cut.wrote);
    messages(&whole.said).into_iter().for_each(request_again);
});

fn story(input: &Input<'_>, pieces: &[&[u8]]) -> Story<RequestHead> {
    let mut machine = Machine::<Server>::new(input.config());
    let agrees = input.mode & 1 != 0;
    read(&mut machine, pieces, |machine, head| answer(machine, head, agrees))
}
