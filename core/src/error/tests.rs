use std::error::Error as _;
use std::io;

use simplon_proto_http::transfer::{Misuse, StreamError, Wait};
use simplon_proto_tls::Reason;

use super::*;

#[test]
fn error_is_one_word() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
}

#[test]
fn error_is_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Error>();
}

#[test]
fn text_is_one_level_and_the_source_is_the_next() {
    let error =
        Error::upstream(Kind::Reset).with_source(io::Error::other("deep")).with_context("inner").with_context("outer");
    assert_eq!(error.to_string(), "outer: inner: upstream: connection reset");
    assert_eq!(error.source().unwrap().to_string(), "deep");
}

#[test]
fn birthplace_is_the_caller() {
    let error = Error::internal(Kind::Internal);
    assert!(error.born().file().ends_with("tests.rs"), "{}", error.born());
}

#[test]
fn connect_failures_may_be_replayed_whatever_the_method() {
    for kind in
        [Kind::Refused, Kind::Unreachable, Kind::Resolve, Kind::Timeout(Wait::Connect), Kind::Timeout(Wait::Handshake)]
    {
        assert_eq!(Error::upstream(kind).may_replay(), Replay::Safe, "{kind}");
    }
}

#[test]
fn failures_after_octets_left_may_be_replayed_if_idempotent() {
    for kind in [Kind::Reset, Kind::Closed, Kind::Truncated, Kind::Timeout(Wait::Head)] {
        assert_eq!(Error::upstream(kind).may_replay(), Replay::IfIdempotent, "{kind}");
        assert_eq!(Error::upstream(kind).with_sent(Sent::Nothing).may_replay(), Replay::Safe, "{kind}");
        assert_eq!(Error::upstream(kind).with_sent(Sent::ResponseStarted).may_replay(), Replay::No, "{kind}");
    }
}

#[test]
fn what_another_upstream_cannot_mend_is_not_replayed() {
    for kind in [
        Kind::Misuse(Misuse::TooLong),
        Kind::Cancelled,
        Kind::Panicked,
        Kind::NoUpstream,
        Kind::Timeout(Wait::Exchange),
    ] {
        assert_eq!(Error::upstream(kind).with_sent(Sent::Nothing).may_replay(), Replay::No, "{kind}");
    }
    for origin in [Origin::Downstream, Origin::Internal] {
        assert_eq!(Error::new(Kind::Reset, origin).with_sent(Sent::Nothing).may_replay(), Replay::No);
    }
}

#[test]
fn stream_errors_keep_their_meaning() {
    for (from, to) in [
        (StreamError::Closed, Kind::Closed),
        (StreamError::Truncated, Kind::Truncated),
        (StreamError::Reset, Kind::Reset),
        (StreamError::Timeout(Wait::Body), Kind::Timeout(Wait::Body)),
        (StreamError::Io(io::ErrorKind::Other), Kind::Io(io::ErrorKind::Other)),
        (StreamError::Misuse(Misuse::TooShort), Kind::Misuse(Misuse::TooShort)),
    ] {
        assert_eq!(Kind::from(from), to);
    }
}

#[test]
fn questions_agree_with_the_table() {
    let gone = Error::downstream(Kind::Reset);
    assert!(gone.is_client_gone());
    assert_eq!(gone.status().as_u16(), 499);
    let slow = Error::upstream(Kind::Timeout(Wait::Head));
    assert!(slow.is_timeout() && !slow.is_client_gone());
    assert_eq!(slow.status(), 504);
    assert_eq!(slow.label(), "head-timeout");
}

/// Who reads a log has to see whose fault a certificate is.
#[test]
fn what_is_wrong_with_a_certificate_is_in_the_label() {
    for (reason, label) in [
        (Reason::Expired, "tls-expired"),
        (Reason::WrongName, "tls-wrong-name"),
        (Reason::UnknownIssuer, "tls-unknown-issuer"),
        (Reason::Revoked, "tls-revoked"),
        (Reason::RevocationListExpired, "tls-revocation-list-expired"),
        (Reason::Library, "tls"),
    ] {
        assert_eq!(Error::upstream(Kind::Tls(reason)).label(), label);
    }
}

#[test]
fn only_a_wait_that_ran_out_is_a_timeout() {
    for wait in [Wait::Connect, Wait::Handshake, Wait::Body, Wait::Exchange] {
        assert!(Error::upstream(Kind::Timeout(wait)).is_timeout(), "{wait:?}");
    }
    for kind in [Kind::Reset, Kind::Closed, Kind::Overloaded, Kind::Refused, Kind::Internal] {
        assert!(!Error::upstream(kind).is_timeout(), "{kind}");
    }
}

#[test]
fn the_words_of_a_context_are_given_back() {
    assert_eq!(Error::internal(Kind::Internal).context(), None);
    assert_eq!(
        Error::internal(Kind::Internal).with_context("inner").with_context("outer").context(),
        Some("outer: inner")
    );
}
