//! The table itself: one line per rule.

use super::{Row, Side};

macro_rules! rules {
    ($($name:ident: $side:ident, $status:literal, $source:literal, $lenient:expr, $summary:literal;)*) => {
        /// One rule of message syntax or framing; the name says what was found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Rule {
            $(#[doc = concat!("Found: ", $summary, " (", $source, ").")] $name,)*
        }

        /// All rules, in the order of their names' values.
        pub const TABLE: &[Row] = &[
            $(Row { rule: Rule::$name, side: Side::$side, status: $status, source: $source, lenient: $lenient, summary: $summary },)*
        ];
    };
}

rules! {
    // Lines
    EmptyLines: Both, 400, "RFC 9112 §2.2", None, "more empty lines before a message than one";
    BareLf: Both, 400, "RFC 9112 §2.2", Some("bare_line_feeds"), "a line that ends in LF without CR";
    BareCr: Both, 400, "RFC 9112 §2.2", None, "CR that is not followed by LF";
    Nul: Both, 400, "RFC 9110 §5.5", None, "a NUL octet in a head";
    ObsFold: Both, 400, "RFC 9112 §5.2", Some("folded_responses"), "a field line that begins with a blank";
    ColonMissing: Both, 400, "RFC 9112 §5", None, "a field line without a colon";
    NameEmpty: Both, 400, "RFC 9110 §5.1", None, "a field with an empty name";
    NameBlank: Both, 400, "RFC 9112 §5.1", None, "a blank between a field name and its colon";
    NameMalformed: Both, 400, "RFC 9110 §5.1", None, "a field name that is not a token";
    NameAlike: Both, 400, "RFC 3875 §4.1.18", Some("names_alike"), "a field name with underscores that CGI takes for one by which messages are framed";
    NameAlikeDropped: Both, 0, "RFC 3875 §4.1.18", Some("names_alike"), "a field name with underscores that CGI takes for one of the connection, of forwarding, or of ours";
    ValueControl: Both, 400, "RFC 9110 §5.5", None, "a control octet in a field value";
    ValueBlank: Both, 400, "RFC 9113 §8.2.1", None, "a blank at the beginning or end of a field value, where lines do not trim it";
    // Start lines
    StartLine: Both, 400, "RFC 9112 §3", None, "a start line that is not three parts with one space between";
    MethodMalformed: Request, 400, "RFC 9110 §9.1", None, "a method that is not a token, or longer than 64 octets";
    VersionMalformed: Both, 400, "RFC 9112 §2.3", None, "a version that is not HTTP/ and two digits";
    VersionUnsupported: Both, 505, "RFC 9110 §15.6.6", None, "a version whose first digit is not 1";
    StatusMalformed: Response, 502, "RFC 9110 §15", None, "a status that is not three digits from 100 to 999";
    ReasonMalformed: Response, 502, "RFC 9112 §4", None, "a control octet in a reason phrase";
    // Targets
    TargetOctets: Request, 400, "RFC 9112 §3.2", None, "a blank or control octet in a target";
    TargetNotAscii: Request, 400, "RFC 9112 §3.2", Some("raw_targets"), "an octet above 0x7f in a target";
    TargetForm: Request, 400, "RFC 9112 §3.2", None, "a target of no known form, or of a form that does not go with the method";
    TargetAmbiguous: Request, 400, "RFC 3986 §3", None, "a target that readers split in different ways";
    TargetFragment: Request, 400, "RFC 9112 §3.2.1", None, "a fragment in a target";
    TargetUserinfo: Request, 400, "RFC 9110 §4.2.4", None, "user information in an authority";
    TargetAuthority: Request, 400, "RFC 3986 §3.2", None, "a target whose authority is not a host with an optional port";
    TargetTooLong: Request, 414, "RFC 9112 §3", None, "a target over the limit";
    // Host
    HostMissing: Request, 400, "RFC 9112 §3.2", Some("host_missing"), "a request of version 1.1 without Host";
    HostRepeated: Request, 400, "RFC 9112 §3.2", None, "more than one Host field";
    HostMalformed: Request, 400, "RFC 9110 §7.2", None, "a Host that is not a host with an optional port";
    HostContradictory: Request, 400, "RFC 9112 §3.2.2", None, "a Host that contradicts the target";
    // Size
    HeadTooLarge: Both, 431, "RFC 6585 §5", None, "a head over the limit";
    TooManyFields: Both, 431, "RFC 6585 §5", None, "more fields than the limit";
    BodyTooLarge: Request, 413, "RFC 9110 §15.5.14", None, "content over the limit";
    // Framing
    LengthMalformed: Both, 400, "RFC 9112 §6.3", None, "a Content-Length that is not digits alone";
    LengthOverflow: Both, 400, "RFC 9110 §8.6", None, "a Content-Length above 2^63-1";
    LengthRepeated: Both, 400, "RFC 9112 §6.3", Some("equal_lengths"), "Content-Length repeated with one value";
    LengthContradictory: Both, 400, "RFC 9112 §6.3", None, "Content-Length repeated with different values";
    LengthWithEncoding: Both, 400, "RFC 9112 §6.1", Some("length_with_encoding"), "Content-Length beside Transfer-Encoding";
    EncodingMalformed: Both, 400, "RFC 9112 §6.1", None, "a Transfer-Encoding that is not a list of codings";
    EncodingUnknown: Both, 501, "RFC 9112 §6.1", None, "a transfer coding other than chunked";
    EncodingRepeated: Both, 400, "RFC 9112 §6.1", None, "chunked applied twice, or Transfer-Encoding in two fields";
    EncodingNotLast: Both, 400, "RFC 9112 §6.3", None, "chunked is not the last transfer coding";
    EncodingInOld: Both, 400, "RFC 9112 §6.1", None, "Transfer-Encoding in a message of version 1.0";
    ConnectContent: Request, 400, "RFC 9110 §9.3.6", None, "content on CONNECT";
    // Chunks
    ChunkSize: Both, 400, "RFC 9112 §7.1", None, "a chunk size that is not hexadecimal digits alone";
    ChunkSizeOverflow: Both, 400, "RFC 9112 §7.1", None, "a chunk size above 2^63-1";
    ChunkLineTooLong: Both, 400, "RFC 9112 §7.1.1", None, "a chunk-size line over the limit";
    ChunkExtension: Both, 400, "RFC 9112 §7.1.1", None, "a control octet in a chunk extension";
    ChunkExtensionsTooLong: Both, 400, "RFC 9112 §7.1.1", None, "chunk extensions of a body over the limit";
    ChunkEnd: Both, 400, "RFC 9112 §7.1", None, "chunk data not followed by CR LF";
    TrailerTooLarge: Both, 431, "RFC 9112 §7.1.2", None, "a trailer section over the limit";
    TooManyTrailers: Both, 431, "RFC 9112 §7.1.2", None, "more trailer fields than the limit";
    TrailerForbidden: Both, 0, "RFC 9110 §6.5.1", None, "a field in a trailer section that must come before the content";
    // Connection
    NominationMalformed: Both, 400, "RFC 9110 §7.6.1", None, "a Connection option that is not a token";
    NominationProtected: Both, 400, "RFC 9110 §7.6.1", None, "a Connection option that names an end-to-end field";
    TooManyNominations: Both, 400, "RFC 9110 §7.6.1", None, "more Connection options than the limit";
    UpgradeMalformed: Both, 400, "RFC 9110 §7.8", None, "an Upgrade that is not a list of protocols";
    UpgradeNotAsked: Response, 502, "RFC 9110 §15.2.2", None, "101 that was not asked for";
    UpgradeProtocol: Response, 502, "RFC 9110 §7.8", None, "101 without one of the protocols asked for";
    UpgradeProof: Response, 502, "RFC 6455 §4.1", None, "101 to WebSocket whose Sec-WebSocket-Accept does not answer the key";
    UpgradeEarly: Response, 502, "RFC 9110 §7.8", None, "an agreement to a tunnel before the request was written to its end";
    // Order
    Unsolicited: Response, 502, "RFC 9112 §9.2", None, "octets from a server that nothing was asked of";
    TooManyInterims: Response, 502, "RFC 9110 §15.2", None, "more informational responses than the limit";
    // HTTP/2
    FieldOfConnection: Both, 400, "RFC 9113 §8.2.2", None, "a field in a message of HTTP/2 that belongs to a connection";
    PseudoMisplaced: Both, 400, "RFC 9113 §8.3", None, "a pseudo-header field among trailers, or one of requests in a response";
    SchemeUnknown: Request, 400, "RFC 9113 §8.3.1", None, "a scheme other than http and https";
    LengthMismatch: Both, 400, "RFC 9113 §8.1.1", None, "content that is not as long as Content-Length says";
    Flood: Response, 502, "RFC 9113 §10.5", None, "more frames from an origin than anybody asked for";
    StreamBroken: Both, 400, "RFC 9113 §5.4.2", None, "a stream that breaks the rules of HTTP/2";
}
