//! A filter that answers by itself: requests without the token get 401 and never reach the origin.
//!
//! Only what is below /public/ is for all.
//!
//! `cargo run --example early_auth`, then `curl -i http://127.0.0.1:PORT/` and `curl -H 'Authorization: Bearer open-sesame' …`.

#[path = "shared/shared.rs"]
mod shared;

use clap::Parser;
use http::StatusCode;
use simplon::prelude::*;

/// Lets through who knows the token.
struct Token(&'static str);

impl Token {
    /// Takes the same time wherever the first difference is.
    fn is(&self, given: &[u8]) -> bool {
        let wanted = self.0.as_bytes();
        given.len() == wanted.len() && given.iter().zip(wanted).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl<Ctx: Send> Filter<Ctx> for Token {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        // In normal form, since the origin reads /public/../private as /private.
        if request.target.normal_path(Slashes::Merged).starts_with(b"/public/") {
            return Ok(Verdict::Continue);
        }
        let given = request.fields.get("Authorization").and_then(|value| value.strip_prefix(b"Bearer "));
        if given.is_some_and(|given| self.is(given)) {
            return Ok(Verdict::Continue);
        }
        let response = Response::text(StatusCode::UNAUTHORIZED, "who are you?\n");
        let response = response.field("WWW-Authenticate", "Bearer realm=\"example\"");
        Ok(response.map_err(|error| Error::internal(Kind::Internal).with_source(error))?.into())
    }

    /// The token is for us: the origin does not see it.
    async fn upstream_request(&self, head: &mut RequestHead, _attempt: &Attempt<'_>, _cx: &mut Ctx) -> Result<()> {
        head.fields.remove("Authorization");
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), shared::Failure> {
    let args = shared::Args::parse();
    let origin = match args.upstream {
        Some(origin) => origin,
        None => shared::origin(answer(|_| Response::text(StatusCode::OK, "welcome\n"))).await?.into(),
    };
    shared::serve(&args.listen, App::new(To(Peer::new(origin))).filter(Token("open-sesame"))).await
}
