//! One behaviour, one test for each pair of versions.
//!
//! [`Down`] is the client's leg, [`Up`] the origin's, and an [`Asked`] is one request that reached it. They speak in parts of messages, not in
//! octets; what is particular to a version is said by them, such as what it means that a message was cut. A [`Cell`] is a pair of versions:
//! a behaviour that needs an application, limits or origins of its own builds them in it. A version is added by a variant of [`Version`], the
//! arms it asks for in the legs, and its rows in [`matrix!`](crate::matrix!).
//!
//! ```
//! use simplon_proxy::{App, To};
//!
//! simplon_testkit::matrix! {
//!     /// What the origin says, the client hears.
//!     async fn an_answer_passes(down: Down, up: Up) {
//!         down.send(simplon_testkit::get("/")).await;
//!         let mut asked = up.request().await;
//!         assert_eq!(asked.path(), "/");
//!         asked.respond(simplon_testkit::ok("hello")).await;
//!         assert_eq!(down.response().await.text(), "hello");
//!     }
//!
//!     /// The same with an application that is made for the origin.
//!     async fn a_failure_is_told(cell: Cell) {
//!         let stage = cell.with(|origin| App::new(To(origin)).retry(()));
//!         stage.up().refuse();
//!         let mut down = stage.client().await;
//!         down.send(simplon_testkit::get("/")).await;
//!         assert_eq!(down.response().await.status, 502);
//!     }
//! }
//! # fn main() {}
//! ```

mod cell;
mod down;
mod h1;
mod h2;
mod leg;
mod octets;
mod stage;
#[cfg(feature = "tls")]
mod tls;
mod up;

pub use cell::{Cell, Over, Version};
pub use down::Down;
pub use stage::Stage;
#[cfg(feature = "tls")]
pub use tls::{accepting_without_alpn, for_clients, offering, to_origins};
pub use up::{Asked, Up};

/// Makes one test of each pair of versions, in the clear and, with the feature `tls`, over TLS. See [`mod@crate::matrix`].
///
/// A behaviour takes both legs of the application that passes everything to one origin, `(down: Down, up: Up)`, or the pair itself,
/// `(cell: Cell)`.
#[macro_export]
macro_rules! matrix {
    ($($(#[$meta:meta])* async fn $name:ident($($of:ident: $type:ident),*) $body:block)*) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a behaviour uses what it needs")]
            use super::*;

            $crate::matrix!(@behaviour ($($of: $type),*) $body);
            $crate::matrix!(@rows Clear: h1_to_h1 H1 H1, h1_to_h2 H1 H2, h2_to_h1 H2 H1, h2_to_h2 H2 H2);
            $crate::__tls_rows!();
        }
    )* };
    (@behaviour ($cell:ident: Cell) $body:block) => {
        async fn behaviour($cell: $crate::matrix::Cell) $body
    };
    (@behaviour ($down:ident: Down, $up:ident: Up) $body:block) => {
        async fn behaviour(cell: $crate::matrix::Cell) {
            let (mut $down, mut $up) = cell.legs().await;
            let (_, _) = (&mut $down, &mut $up);
            $body
        }
    };
    (@rows $over:ident: $($row:ident $from:ident $to:ident),*) => { $(
        #[test]
        fn $row() {
            use $crate::matrix::{Cell, Over, Version, run};
            run(behaviour(Cell::of(Version::$from, Version::$to, Over::$over)));
        }
    )* };
}

/// The rows over TLS.
#[cfg(feature = "tls")]
#[doc(hidden)]
#[macro_export]
macro_rules! __tls_rows {
    () => {
        mod tls {
            use super::behaviour;
            $crate::matrix!(@rows Tls: h1_to_h1 H1 H1, h1_to_h2 H1 H2, h2_to_h1 H2 H1, h2_to_h2 H2 H2);
        }
    };
}

/// None without the feature.
#[cfg(not(feature = "tls"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __tls_rows {
    () => {};
}

/// Runs a behaviour on a clock of its own.
pub fn run(behaviour: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(behaviour);
}
