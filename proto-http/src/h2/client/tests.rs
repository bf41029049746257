use super::*;

/// (how it broke, whether the head had come, what is told, what it says about the request)
#[test]
fn resets_that_are_no_answer_say_so() {
    let table = [
        (h2::Reason::REFUSED_STREAM, StreamError::Reset),
        (h2::Reason::CANCEL, StreamError::Reset),
        (h2::Reason::NO_ERROR, StreamError::Closed),
    ];
    for (reason, told) in table {
        // Made here, not received: nothing follows for the request.
        let error = h2::Error::from(reason);
        assert_eq!(stream_error(&error, false), told, "{reason:?}");
        assert_eq!(Refusal::of(&error), None);
    }
    assert_eq!(stream_error(&h2::Reason::NO_ERROR.into(), true), StreamError::Truncated);
}

#[test]
fn reasons_have_codes() {
    let table = [
        (Reason::Done, h2::Reason::NO_ERROR),
        (Reason::Cancelled, h2::Reason::CANCEL),
        (Reason::Timeout, h2::Reason::CANCEL),
        (Reason::Malformed, h2::Reason::PROTOCOL_ERROR),
        (Reason::Internal, h2::Reason::INTERNAL_ERROR),
    ];
    for (why, code) in table {
        assert_eq!(code_of(why), code);
    }
}
