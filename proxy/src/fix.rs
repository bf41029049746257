//! What a change of content does to the fields that describe it.

use simplon_proto_http::Fields;
use simplon_proto_http::fields::Known;

/// The content is now this many octets.
pub(crate) fn length(fields: &mut Fields, octets: u64) {
    forget(fields);
    let set = fields.set(Known::ContentLength, octets.to_string());
    debug_assert_eq!(set, Ok(()));
}

/// How much content there will be is not known.
pub(crate) fn unknown_length(fields: &mut Fields) {
    fields.remove(Known::ContentLength);
    forget(fields);
}

/// What spoke about the former octets does not hold any more (RFC 9110 §8.8.3, §14.3, RFC 9530).
fn forget(fields: &mut Fields) {
    for name in ["Content-MD5", "Content-Digest", "Digest", "Accept-Ranges"] {
        fields.remove(name);
    }
}
