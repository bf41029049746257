use std::collections::VecDeque;
use std::task::Waker;

use http::{HeaderMap, StatusCode};

use super::*;
use crate::head::ResponseHead;

/// Gives these frames; says that it is over when they are given, or leaves that to the last poll.
struct Script {
    frames: VecDeque<Result<Frame<Bytes>, &'static str>>,
    tells_end: bool,
}

impl Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.tells_end && self.frames.is_empty()
    }
}

fn script(frames: Vec<Result<Frame<Bytes>, &'static str>>, tells_end: bool) -> BodySource<ResponseHead, Script> {
    BodySource::new(ResponseHead::new(StatusCode::OK), Script { frames: frames.into(), tells_end })
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), http::HeaderValue::from_static("0"))])
}

fn told(source: &mut impl Source<ResponseHead>) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    loop {
        all.push(match source.poll_part(&mut cx) {
            Poll::Ready(Ok(Some(Part::Head(head, last)))) => format!("{} {last:?}", head.status.as_u16()),
            Poll::Ready(Ok(Some(Part::Data(octets, last)))) => format!("{} {last:?}", octets.escape_ascii()),
            Poll::Ready(Ok(Some(Part::Trailers(fields)))) => format!("trailers {}", fields.len()),
            Poll::Ready(Ok(None)) => return all,
            Poll::Ready(Err(error)) => {
                all.push(error.to_string());
                return all;
            }
            Poll::Pending => panic!("nothing here waits"),
        });
    }
}

#[test]
fn a_body_is_told_in_parts() {
    let data = |octets: &'static str| Ok(Frame::data(Bytes::from_static(octets.as_bytes())));
    assert_eq!(told(&mut script(vec![], true)), ["200 Yes"]);
    assert_eq!(told(&mut script(vec![], false)), ["200 No", " Yes"]);
    assert_eq!(told(&mut script(vec![data("a"), data("b")], true)), ["200 No", "a No", "b Yes"]);
    assert_eq!(told(&mut script(vec![data("a")], false)), ["200 No", "a No", " Yes"]);
    for tells_end in [true, false] {
        let mut source = script(vec![data("a"), Ok(Frame::trailers(trailers()))], tells_end);
        assert_eq!(told(&mut source), ["200 No", "a No", "trailers 1"]);
    }
}

#[test]
fn a_body_that_fails_is_no_clean_end() {
    let mut source = script(vec![Ok(Frame::data("a".into())), Err("gone")], false);
    assert_eq!(told(&mut source).last().unwrap(), "i/o: other error");
    assert_eq!(told(&mut source).len(), 1, "it stays so");
    assert_eq!((source.take_cause(), source.take_cause()), (Some("gone"), None));
}

#[test]
fn a_head_may_have_been_given_before() {
    for tells_end in [true, false] {
        let body = Script { frames: [Ok(Frame::data("a".into()))].into(), tells_end };
        let mut source = BodySource::<ResponseHead, _>::content(body);
        assert_eq!(told(&mut source).concat(), if tells_end { "a Yes" } else { "a No Yes" });
    }
}

fn frames<S: Source<ResponseHead> + Unpin>(body: &mut SourceBody<S, ResponseHead>) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(frame)) = Pin::new(&mut *body).poll_frame(&mut cx) {
        all.push(match frame {
            Ok(frame) if frame.is_data() => frame.into_data().unwrap().escape_ascii().to_string(),
            Ok(frame) => format!("trailers {}", frame.into_trailers().unwrap().len()),
            Err(error) => error.to_string(),
        });
    }
    all
}

#[test]
fn parts_become_frames_again() {
    let given = vec![Ok(Frame::data("a".into())), Ok(Frame::data("b".into())), Ok(Frame::trailers(trailers()))];
    let mut body = SourceBody::new(script(given, false));
    assert!(!body.is_end_stream());
    assert_eq!(frames(&mut body), ["a", "b", "trailers 1"]);
    assert!(body.is_end_stream());
    let mut body = SourceBody::new(script(vec![Err("gone")], false));
    assert_eq!(frames(&mut body), ["i/o: other error"]);
    assert_eq!(frames(&mut SourceBody::new(script(vec![], false))), [""; 0]);
}

#[test]
fn dropping_a_body_stops_its_source() {
    struct Stopped<'a>(&'a mut Option<Reason>);
    impl Source<ResponseHead> for Stopped<'_> {
        fn poll_part(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, StreamError>> {
            Poll::Pending
        }
        fn stop(&mut self, why: Reason) {
            *self.0 = Some(why);
        }
    }
    let mut stopped = None;
    drop(SourceBody::new(Stopped(&mut stopped)));
    assert_eq!(stopped, Some(Reason::Cancelled));
    let mut stopped = None;
    drop(SourceBody::<_, ResponseHead>::empty(Stopped(&mut stopped)));
    assert_eq!(stopped, None);
}
