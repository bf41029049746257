//! Where sets come from.
//!
//! | item | what it is |
//! |---|---|
//! | [`Discovery`] | the seam: one set after the other, whenever there is a new one |
//! | [`Static`] | one set, for ever |
//! | [`Dns`] | the addresses of a name, looked up again and again |
//! | [`DiscoveryService`] | gives the sets to a balancer, as a background service |

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::error::BoxError;

use crate::set::BackendSet;

mod dns;
mod service;

pub use dns::Dns;
pub use service::{DiscoveryConfig, DiscoveryService};

/// Yields one set after the other.
pub trait Discovery: Send + 'static {
    /// The next set: the first at once, each further one when there is something new. `None`: there will be none any more.
    ///
    /// Whoever asks keeps the last good set when this fails, and asks again after a pause.
    ///
    /// Cancel: must lose nothing.
    ///
    /// # Errors
    /// The source could not be asked, or its answer cannot be used.
    fn next(&mut self) -> impl Future<Output = Result<Option<BackendSet>, DiscoveryError>> + Send;
}

/// One set, for ever.
#[derive(Clone, Debug)]
pub struct Static(Option<BackendSet>);

impl Static {
    /// This one.
    #[must_use]
    pub fn new(set: BackendSet) -> Self {
        Self(Some(set))
    }
}

impl Discovery for Static {
    async fn next(&mut self) -> Result<Option<BackendSet>, DiscoveryError> {
        Ok(self.0.take())
    }
}

/// Why there is no new set.
#[derive(Debug)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The lookup of a name failed.
    Lookup {
        /// The name.
        host: Arc<str>,
        /// How.
        source: io::Error,
    },
    /// The name has no address. That is no reason to send requests nowhere.
    Empty {
        /// The name.
        host: Arc<str>,
    },
    /// No answer within this time.
    Timeout(Duration),
    /// A source of your own failed.
    Failed(BoxError),
    /// The source panicked.
    Panicked,
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup { host, source } => write!(f, "lookup of {host}: {source}"),
            Self::Empty { host } => write!(f, "{host} has no address"),
            Self::Timeout(after) => write!(f, "no answer within {after:?}"),
            Self::Failed(_) => f.write_str("the source failed"),
            Self::Panicked => f.write_str("the source panicked"),
        }
    }
}

impl std::error::Error for DiscoveryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(source) => Some(&**source),
            Self::Lookup { .. } | Self::Empty { .. } | Self::Timeout(_) | Self::Panicked => None,
        }
    }
}
