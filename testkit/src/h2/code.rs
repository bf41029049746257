//! Error codes and settings by name.

use std::fmt;

/// Makes a number with names for some of its values.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident($number:ty) { $($(#[$doc:meta])* $name:ident = $value:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub $number);

        impl $type {
            $($(#[$doc])* pub const $name: Self = Self($value);)*
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $(Self::$name => f.write_str(stringify!($name)),)*
                    Self(other) => write!(f, concat!(stringify!($type), " {:#x}"), other),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}
pub(super) use named;

named! {
    /// Why a stream or a connection ended.
    ///
    /// Source:  RFC 9113 §7.
    Code(u32) {
        /// Nothing went wrong.
        NO_ERROR = 0x0,
        /// The peer broke a rule that has no code of its own.
        PROTOCOL_ERROR = 0x1,
        /// Something went wrong at the sender.
        INTERNAL_ERROR = 0x2,
        /// The peer sent more than it was allowed.
        FLOW_CONTROL_ERROR = 0x3,
        /// SETTINGS were not acknowledged in time.
        SETTINGS_TIMEOUT = 0x4,
        /// A frame came on a stream that is half-closed or closed.
        STREAM_CLOSED = 0x5,
        /// A frame of a size that it may not have.
        FRAME_SIZE_ERROR = 0x6,
        /// The stream was not looked at.
        REFUSED_STREAM = 0x7,
        /// The stream is not needed any more.
        CANCEL = 0x8,
        /// The field compression state cannot be kept.
        COMPRESSION_ERROR = 0x9,
        /// The connection of a CONNECT request ended.
        CONNECT_ERROR = 0xa,
        /// The peer asks too much.
        ENHANCE_YOUR_CALM = 0xb,
        /// The transport is not secure enough.
        INADEQUATE_SECURITY = 0xc,
        /// HTTP/1.1 is wanted.
        HTTP_1_1_REQUIRED = 0xd,
    }
}

named! {
    /// What an endpoint tells about itself.
    ///
    /// Source:  RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1.
    Setting(u16) {
        /// Octets of the dynamic table that the sender keeps for decoding.
        HEADER_TABLE_SIZE = 0x1,
        /// Whether PUSH_PROMISE may be sent.
        ENABLE_PUSH = 0x2,
        /// How many streams may be open at once.
        MAX_CONCURRENT_STREAMS = 0x3,
        /// The flow-control window with which streams begin.
        INITIAL_WINDOW_SIZE = 0x4,
        /// The largest payload of a frame.
        MAX_FRAME_SIZE = 0x5,
        /// The largest list of fields, uncompressed.
        MAX_HEADER_LIST_SIZE = 0x6,
        /// Whether CONNECT may name a protocol.
        ENABLE_CONNECT_PROTOCOL = 0x8,
        /// That PRIORITY means nothing to the sender.
        NO_RFC7540_PRIORITIES = 0x9,
    }
}
