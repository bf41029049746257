//! gRPC-Web at the client's side, gRPC at the origin's.

mod accept;
mod base64;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;

use bytes::Bytes;
use http::StatusCode;
use simplon_core::Result;
use simplon_proto_http::fields::{FieldError, Known};
use simplon_proto_http::transfer::Last;
use simplon_proto_http::{Fields, RequestHead};

use self::base64::Decoder;
use super::{GRPC, WEB, WEB_TEXT, after};
use crate::chunk::{Chunk, Chunks};
use crate::filter::{Filter, Verdict};
use crate::message::{Request, ResponseView};
use crate::response::reject;

/// Makes gRPC of requests in gRPC-Web, binary (`application/grpc-web`) and text (`application/grpc-web-text`), and the other way round of their
/// responses: trailers become the last frame of the content. Other requests pass. What browsers ask before (CORS) is not answered here.
///
/// The state of a call stands in the context: `Ctx` holds a [`WebCall`], or is one.
///
/// Cost:    binary content is not copied; text is, once in each direction.
/// Source:  gRPC-Web, "Protocol differences vs gRPC over HTTP2".
#[derive(Clone, Copy, Debug, Default)]
pub struct WebBridge;

/// One call as [`WebBridge`] sees it. Its default is a request of another kind.
#[derive(Debug, Default)]
pub struct WebCall {
    request: Form,
    response: Form,
    upload: Decoder,
}

/// How content is written on the client's side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Not gRPC-Web.
    #[default]
    Other,
    Binary,
    Text,
}

impl AsMut<Self> for WebCall {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl Form {
    /// The form that a media type names, and what follows it there.
    fn of(media_type: &[u8]) -> (Self, &[u8]) {
        match (after(media_type, WEB), after(media_type, WEB_TEXT)) {
            (Some(rest), _) => (Self::Binary, rest),
            (_, Some(rest)) => (Self::Text, rest),
            _ => (Self::Other, &[]),
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Other => GRPC,
            Self::Binary => WEB,
            Self::Text => WEB_TEXT,
        }
    }

    fn write(self, octets: Bytes) -> Bytes {
        match self {
            Self::Other | Self::Binary => octets,
            Self::Text => base64::encode(&octets),
        }
    }
}

impl WebCall {
    /// A request has come: what it is, and what it looks like to the origin.
    fn begin(head: &mut RequestHead) -> std::result::Result<Self, FieldError> {
        let Some(media_type) = head.fields.shared(Known::ContentType) else { return Ok(Self::default()) };
        let (request, rest) = Form::of(&media_type);
        if request == Form::Other {
            return Ok(Self::default());
        }
        let response = accept::preferred(&head.fields, request);
        set_type(&mut head.fields, GRPC, rest)?;
        head.fields.set("TE", "trailers")?;
        Ok(Self { request, response, upload: Decoder::default() })
    }
}

impl<Ctx: Send + AsMut<WebCall>> Filter<Ctx> for WebBridge {
    async fn request(&self, request: &mut Request<'_>, cx: &mut Ctx) -> Result<Verdict> {
        let call = WebCall::begin(request).map_err(|_| reject(StatusCode::BAD_REQUEST))?;
        if call.request == Form::Text {
            request.rewrite();
        }
        *cx.as_mut() = call;
        Ok(Verdict::Continue)
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> Result<()> {
        let call = cx.as_mut();
        if call.request == Form::Text {
            upload(chunk, &mut call.upload, out)
        } else {
            out.push(chunk);
            Ok(())
        }
    }

    async fn response(&self, response: &mut ResponseView<'_>, cx: &mut Ctx) -> Result<()> {
        let call = cx.as_mut();
        if call.response == Form::Other {
            return Ok(());
        }
        let media_type = response.fields.shared(Known::ContentType);
        let Some(rest) = media_type.as_deref().and_then(|media_type| after(media_type, GRPC)) else {
            // Not an answer of gRPC: it passes as it is.
            call.response = Form::Other;
            return Ok(());
        };
        set_type(&mut response.fields, call.response.media_type(), rest)
            .map_err(|_| reject(StatusCode::BAD_GATEWAY))?;
        response.fields.remove("Trailer");
        response.rewrite();
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> Result<()> {
        let form = cx.as_mut().response;
        out.push(match chunk {
            chunk if form == Form::Other => chunk,
            Chunk::Data(octets, last) => Chunk::Data(form.write(octets), last),
            Chunk::Trailers(fields) => Chunk::Data(form.write(frame::trailers(&fields)), Last::Yes),
        });
        Ok(())
    }
}

/// Text of a client, as octets for the origin.
fn upload(chunk: Chunk, decoder: &mut Decoder, out: &mut Chunks) -> Result<()> {
    let last = chunk.last();
    let next = match chunk {
        Chunk::Data(text, last) => {
            let octets = decoder.decode(&text).ok_or_else(|| reject(StatusCode::BAD_REQUEST))?;
            Chunk::Data(octets, last)
        }
        trailers @ Chunk::Trailers(_) => trailers,
    };
    if last == Last::Yes && !decoder.is_whole() {
        return Err(reject(StatusCode::BAD_REQUEST));
    }
    out.push(next);
    Ok(())
}

fn set_type(fields: &mut Fields, name: &str, rest: &[u8]) -> std::result::Result<(), FieldError> {
    fields.set(Known::ContentType, [name.as_bytes(), rest].concat())
}

#[cfg(test)]
mod tests;
