//! What an HTTP health check reads: it is content with a backend only if a reader of HTTP/1 finds the expected status there, and always decides.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use simplon_fuzz::{Said, ask, read};
use simplon_load_balancing::health::read_answer;
use simplon_proto_http::h1::{Client, Config, Machine};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

fuzz_target!(|data: &[u8]| {
    let outcome = RUNTIME.with(|runtime| runtime.block_on(read_answer(data.to_vec())));
    let status = status(data);
    match outcome {
        Ok(()) => assert_eq!(status, Some(200), "{}", data.escape_ascii()),
        Err(error) => assert!(status != Some(200), "{error:?}\n{}", data.escape_ascii()),
    }
});

/// The status of the first final head.
fn status(octets: &[u8]) -> Option<u16> {
    let mut machine = Machine::<Client>::new(Arc::new(Config::default()));
    ask(&mut machine, 7);
    let story = read(&mut machine, &[octets], |_, _| false);
    story.said.iter().find_map(|said| match said {
        Said::Head(head, _) if !head.is_interim() => Some(head.status.as_u16()),
        _ => None,
    })
}
