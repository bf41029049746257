//! What is known of the library that nearly everybody uses.

/// What the `h2` crate (0.4) does not meet, whoever uses it, and why: the names of the cases are those of either role. To be given to
/// [`super::Report::compare`].
///
/// Each time the connection ends as it must, but the peer hears another code.
pub const NOT_MET_BY_H2: &[(&str, &str)] = &[
    ("INITIAL_WINDOW_SIZE above 2^31-1 is a connection error", CODE),
    ("index 0 is a decoding error", CODE),
    ("an index beyond both tables is a decoding error", CODE),
    ("a name at an index beyond both tables is a decoding error", CODE),
    ("a size update after a field is a decoding error", CODE),
    ("a size update above the limit is a decoding error", CODE),
    ("an integer that is too large is a decoding error", CODE),
    ("an integer that does not end is a decoding error", CODE),
    ("an integer of too many octets is a decoding error", CODE),
    ("a string that is longer than its block is a decoding error", CODE),
    ("a literal without a value is a decoding error", CODE),
    ("the end-of-string symbol within a string is a decoding error", CODE),
    ("padding of more than seven bits is a decoding error", CODE),
    ("padding that is not of ones is a decoding error", CODE),
    ("entries that were evicted are gone", CODE),
];

/// The same for the sizes of frames: whoever looks at their headers before the crate does can meet these.
pub const SIZES_NOT_MET_BY_H2: &[(&str, &str)] = &[
    ("PRIORITY of another length than 5 is an error", CODE),
    ("RST_STREAM of another length than 4 is a connection error", CODE),
    ("PING of less than 8 octets is a connection error", CODE),
    ("the answer to a PING of more than 8 octets is a connection error", CODE),
    ("an acknowledgment with payload is a connection error", CODE),
    ("SETTINGS whose length is no multiple of 6 are a connection error", CODE),
    ("WINDOW_UPDATE of another length than 4 is a connection error", CODE),
    ("WINDOW_UPDATE of another length than 4 on a stream is a connection error", CODE),
];

const CODE: &str = "the h2 crate says PROTOCOL_ERROR";
