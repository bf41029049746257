//! Responses: cutting changes nothing, an error is the last word, and what is accepted is written and read again as the same.
#![no_main]

use http::Method;
use libfuzzer_sys::fuzz_target;
use simplon_fuzz::{Input, Story, ask, messages, read, response_again};
use simplon_proto_http::ResponseHead;
use simplon_proto_http::h1::{Client, Machine};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let (method, whole) = story(&input, &[input.octets]);
    let (_, cut) = story(&input, &input.pieces());
    assert_eq!(format!("{:?}", whole.said), format!("{:?}", cut.said));
    let is_tunnel = |head: &ResponseHead| method == Method::CONNECT && head.status.is_success();
    let passed = messages(&whole.said).into_iter().filter(|message| !is_tunnel(&message.head));
    passed.for_each(|message| response_again(message, &method));
});

fn story(input: &Input<'_>, pieces: &[&[u8]]) -> (Method, Story<ResponseHead>) {
    let mut machine = Machine::<Client>::new(input.config());
    let method = ask(&mut machine, input.mode);
    let story = read(&mut machine, pieces, |_, _| false);
    (method, story)
}
