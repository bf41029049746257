//! Requests and responses as hooks see them: the head, and content that can be looked at before it moves on.

mod content;
mod request;
mod response;

pub use content::Collected;
pub use request::Request;
pub use response::ResponseView;

pub(crate) use content::Content;
