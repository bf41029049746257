//! What the suites of HTTP/2 want to be served.

use std::future::poll_fn;

use bytes::Bytes;
use http::StatusCode;
use simplon::prelude::{Exchange, Last, ResponseHead, Serve};
use simplon::proto_http::transfer::{Part, Sink, Source, StreamError};

/// Answers everything with 20 octets once its content is read, `/big` with 208 KiB, and `/hold` never.
#[derive(Debug)]
pub struct Site;

impl Serve for Site {
    async fn serve(&self, exchange: &mut Exchange) {
        if let Err(error) = self.answer(exchange).await {
            refuse(exchange, error).await;
        }
    }
}

impl Site {
    async fn answer(&self, exchange: &mut Exchange) -> Result<(), StreamError> {
        let (head, last) = exchange.head().await?;
        if head.target.path() == b"/hold" {
            poll_fn(|cx| exchange.poll_gone(cx)).await;
            return Ok(());
        }
        if last == Last::No {
            while let Some(part) = poll_fn(|cx| exchange.poll_part(cx)).await? {
                if is_last(&part) {
                    break;
                }
            }
        }
        if head.upgrade.is_some() {
            return end(exchange, StatusCode::NOT_IMPLEMENTED).await;
        }
        let pieces = if head.target.path() == b"/big" { 13 } else { 1 };
        let piece = Bytes::from_static(&[b'x'; 16 << 10]).slice(..if pieces == 1 { 20 } else { 16 << 10 });
        exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), Last::No))?;
        for at in 1..=pieces {
            poll_fn(|cx| exchange.poll_room(cx)).await?;
            exchange.push(Part::Data(piece.clone(), if at == pieces { Last::Yes } else { Last::No }))?;
        }
        poll_fn(|cx| exchange.poll_flush(cx)).await
    }
}

async fn refuse(exchange: &mut Exchange, error: StreamError) {
    let StreamError::Malformed(rule) = error else { return };
    let status = StatusCode::from_u16(rule.status()).unwrap();
    let _ = end(exchange, status).await;
}

async fn end(exchange: &mut Exchange, status: StatusCode) -> Result<(), StreamError> {
    exchange.push(Part::Head(ResponseHead::new(status), Last::Yes))?;
    poll_fn(|cx| exchange.poll_flush(cx)).await
}

pub fn is_last<H>(part: &Part<H>) -> bool {
    matches!(part, Part::Trailers(_) | Part::Data(_, Last::Yes) | Part::Head(_, Last::Yes))
}
