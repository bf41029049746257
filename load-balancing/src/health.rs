//! Whether backends work, found out by asking them.
//!
//! | item | what it is |
//! |---|---|
//! | [`Check`] | the seam: one look at one backend |
//! | [`TcpCheck`], [`HttpCheck`] | looks by connecting, and by asking |
//! | [`Thresholds`] | how many looks in a row change a verdict |
//! | [`HealthService`] | looks at all backends of a balancer again and again, as a background service |

use std::future::Future;
use std::sync::Arc;

use crate::backend::Backend;

mod error;
mod http;
mod round;
mod service;
mod streak;
mod tcp;

pub use error::CheckError;
#[doc(hidden)]
pub use http::read_answer;
pub use http::{CheckFieldError, HttpCheck};
pub use service::{HealthChange, HealthConfig, HealthService};
pub use streak::{Health, Thresholds};
pub(crate) use streak::{Seen, Streak};
pub use tcp::TcpCheck;

/// One look at one backend.
///
/// ```
/// use simplon_load_balancing::{Backend, Check, CheckError};
///
/// /// Believes what an agent on the host wrote down.
/// struct Agent;
///
/// impl Check for Agent {
///     async fn check(&self, backend: &Backend) -> Result<(), CheckError> {
///         match backend.extension::<u8>() {
///             Some(load) if *load > 90 => Err(CheckError::rejected("too busy")),
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
pub trait Check: Send + Sync + 'static {
    /// Whether it works. Runs in a task of its own, several at a time; a panic counts as a failure of that look alone, and so does
    /// taking longer than [`HealthConfig::deadline`].
    ///
    /// Cancel: dropped when the backend leaves the set, when the time is up, and when the server drains.
    ///
    /// # Errors
    /// Why it does not work; [`CheckError::Inconclusive`] if that could not be found out, which changes nothing.
    fn check(&self, backend: &Backend) -> impl Future<Output = Result<(), CheckError>> + Send;
}

impl<C: Check> Check for Arc<C> {
    fn check(&self, backend: &Backend) -> impl Future<Output = Result<(), CheckError>> + Send {
        (**self).check(backend)
    }
}
