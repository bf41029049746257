//! Whether requests go on with their paths as they came.

use http::StatusCode;
use simplon_core::{Error, Result};
use simplon_proto_http::RequestHead;
use simplon_proto_http::target::Slashes;

use crate::response::reject;

/// What is done with a path that is not in normal form, before filters and routes see it: see
/// [`normal_path`](simplon_proto_http::Target::normal_path).
///
/// A path can be written in many ways, and an origin may read another path than a rule that compares octets did. Where rules compare
/// `Target::normal_path`, that is enough for origins that follow RFC 3986; what is forwarded in normal form is read in one way by all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paths {
    /// It goes on as it came.
    #[default]
    AsReceived,
    /// It is replaced by its normal form; the query stays as it is. Signatures over targets break where a client wrote it otherwise.
    Normal(Slashes),
    /// It is refused with 400.
    Refuse(Slashes),
}

impl Paths {
    pub(crate) fn apply(self, head: &mut RequestHead) -> Result<()> {
        match self {
            Self::Normal(slashes) if !head.target.is_normal(slashes) => head.target = head.target.normalized(slashes),
            Self::Refuse(slashes) if !head.target.is_normal(slashes) => return Err(refused()),
            Self::AsReceived | Self::Normal(_) | Self::Refuse(_) => {}
        }
        Ok(())
    }
}

fn refused() -> Error {
    reject(StatusCode::BAD_REQUEST).with_context("the path is not in normal form")
}
