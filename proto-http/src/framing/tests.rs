use super::*;
use crate::rules::Switch;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields::from_pairs(pairs.iter().copied()).unwrap()
}

fn request(pairs: &[(&str, &str)]) -> Result<Framing, Rule> {
    of_request(&Method::POST, Version::HTTP_11, &fields(pairs), &Leniency::default()).map(|framed| framed.framing)
}

fn response(pairs: &[(&str, &str)]) -> Result<Framing, Rule> {
    of_response(&Method::GET, StatusCode::OK, Version::HTTP_11, &fields(pairs), &Leniency::default())
        .map(|framed| framed.framing)
}

const CL: &str = "Content-Length";
const TE: &str = "Transfer-Encoding";

/// A1
#[test]
fn length_and_encoding_together_are_refused_in_both_orders() {
    for pairs in [[(CL, "5"), (TE, "chunked")], [(TE, "chunked"), (CL, "5")]] {
        assert_eq!(request(&pairs), Err(Rule::LengthWithEncoding));
        assert_eq!(response(&pairs), Err(Rule::LengthWithEncoding));
    }
}

/// A1, 12-035
#[test]
fn odd_encodings_are_refused_in_both_directions() {
    for (value, rule) in [
        ("", Rule::EncodingMalformed),
        (",chunked", Rule::EncodingMalformed),
        ("chunked,", Rule::EncodingMalformed),
        ("chunked;q=1", Rule::EncodingMalformed),
        ("chun ked", Rule::EncodingMalformed),
        ("\"chunked\"", Rule::EncodingMalformed),
        ("chunked,chunked", Rule::EncodingRepeated),
        ("chunked, gzip", Rule::EncodingNotLast),
        ("gzip, chunked", Rule::EncodingUnknown),
        ("gzip", Rule::EncodingUnknown),
        ("identity", Rule::EncodingUnknown),
        ("xchunked", Rule::EncodingUnknown),
        ("chunkedx", Rule::EncodingUnknown),
    ] {
        assert_eq!(request(&[(TE, value)]), Err(rule), "{value:?}");
        assert_eq!(response(&[(TE, value)]), Err(rule), "{value:?}");
    }
    assert_eq!(request(&[(TE, "chunked"), (TE, "chunked")]), Err(Rule::EncodingRepeated));
    assert_eq!(request(&[(TE, "gzip"), (TE, "chunked")]), Err(Rule::EncodingRepeated));
    for value in ["chunked", "CHUNKED", " chunked\t", "\tChunked"] {
        assert_eq!(request(&[(TE, value)]), Ok(Framing::Chunked), "{value:?}");
        assert_eq!(response(&[("transfer-ENCODING", value)]), Ok(Framing::Chunked), "{value:?}");
    }
}

/// A1, A16
#[test]
fn encoding_in_version_1_0_is_refused() {
    let fields = fields(&[(TE, "chunked")]);
    let strict = Leniency::default();
    assert_eq!(of_request(&Method::POST, Version::HTTP_10, &fields, &strict), Err(Rule::EncodingInOld));
    assert_eq!(of_response(&Method::GET, StatusCode::OK, Version::HTTP_10, &fields, &strict), Err(Rule::EncodingInOld));
}

/// A2, 12-036, 4-025
#[test]
fn odd_lengths_are_refused_in_both_directions() {
    for (value, rule) in [
        ("", Rule::LengthMalformed),
        ("+5", Rule::LengthMalformed),
        ("-1", Rule::LengthMalformed),
        ("0x5", Rule::LengthMalformed),
        ("5_0", Rule::LengthMalformed),
        ("5 0", Rule::LengthMalformed),
        ("5.0", Rule::LengthMalformed),
        ("5,", Rule::LengthMalformed),
        ("5,5", Rule::LengthRepeated),
        ("5,6", Rule::LengthContradictory),
        ("18446744073709551616", Rule::LengthOverflow),
    ] {
        assert_eq!(request(&[(CL, value)]), Err(rule), "{value:?}");
        assert_eq!(response(&[(CL, value)]), Err(rule), "{value:?}");
    }
    assert_eq!(request(&[(CL, "5"), (CL, "6")]), Err(Rule::LengthContradictory));
    assert_eq!(response(&[(CL, "5"), (CL, "5")]), Err(Rule::LengthRepeated));
    for over in ["9223372036854775808", "18446744073709551615", "00009223372036854775808", "9223372036854775808, 1"] {
        assert_eq!(request(&[(CL, over)]), Err(Rule::LengthOverflow), "{over}");
        assert_eq!(response(&[(CL, over)]), Err(Rule::LengthOverflow), "{over}");
    }
    assert_eq!(request(&[(CL, "9223372036854775807")]), Ok(Framing::Length(MOST)));
    assert_eq!(request(&[(CL, "007")]), Ok(Framing::Length(7)));
}

/// A9, 4-027
#[test]
fn a_request_is_never_read_until_close() {
    for version in [Version::HTTP_10, Version::HTTP_11] {
        let framed = of_request(&Method::POST, version, &Fields::new(), &Leniency::default()).unwrap();
        assert_eq!(framed.framing, Framing::Empty);
    }
    assert_eq!(response(&[]), Ok(Framing::UntilClose));
}

/// A11, 12-043
#[test]
fn some_responses_have_no_content_whatever_their_fields_say() {
    let strict = Leniency::default();
    for pairs in [&[][..], &[(CL, "5")], &[(TE, "chunked")]] {
        let fields = fields(pairs);
        let of = |asked: &Method, status| {
            of_response(asked, status, Version::HTTP_11, &fields, &strict).map(|framed| framed.framing)
        };
        assert_eq!(of(&Method::HEAD, StatusCode::OK), Ok(Framing::Empty));
        assert_eq!(of(&Method::GET, StatusCode::NO_CONTENT), Ok(Framing::Empty));
        assert_eq!(of(&Method::GET, StatusCode::NOT_MODIFIED), Ok(Framing::Empty));
        assert_eq!(of(&Method::GET, StatusCode::CONTINUE), Ok(Framing::Empty));
        assert_eq!(of(&Method::CONNECT, StatusCode::OK), Ok(Framing::Empty));
    }
}

#[test]
fn connect_has_no_content() {
    let strict = Leniency::default();
    let of =
        |pairs| of_request(&Method::CONNECT, Version::HTTP_11, &fields(pairs), &strict).map(|framed| framed.framing);
    assert_eq!(of(&[(CL, "5")]), Err(Rule::ConnectContent));
    assert_eq!(of(&[(TE, "chunked")]), Err(Rule::ConnectContent));
    assert_eq!(of(&[(CL, "0")]), Ok(Framing::Length(0)));
}

/// 4-023, 4-024
#[test]
fn switches_relax_their_rows_and_no_others() {
    let mut leniency = Leniency { equal_lengths: Switch::Lenient, ..Leniency::default() };
    let of = |pairs, leniency: &Leniency| of_request(&Method::POST, Version::HTTP_11, &fields(pairs), leniency);
    assert_eq!(
        of(&[(CL, "5"), (CL, "5, 5")], &leniency),
        Ok(Framed { framing: Framing::Length(5), relaxed: Some(Rule::LengthRepeated) })
    );
    assert_eq!(of(&[(CL, "5"), (CL, "6")], &leniency), Err(Rule::LengthContradictory));
    assert_eq!(of(&[(CL, "5"), (TE, "chunked")], &leniency), Err(Rule::LengthWithEncoding));
    leniency.length_with_encoding = Switch::Lenient;
    assert_eq!(
        of(&[(CL, "5"), (TE, "chunked")], &leniency),
        Ok(Framed { framing: Framing::Chunked, relaxed: Some(Rule::LengthWithEncoding) })
    );
    assert_eq!(of(&[(CL, "5"), (TE, "gzip")], &leniency), Err(Rule::EncodingUnknown));
}
