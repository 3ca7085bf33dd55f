//! HTTP as an effect: the transport that connectors speak through.
//!
//! Core knows only the types of the `http` crate. The application brings the
//! client (`datamiind-rest` has one over reqwest), tests bring a double, and the
//! egress policy has one door.

use std::{fmt, pin::Pin, task};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, Stream, StreamExt as _};

use crate::error::{Error, ErrorKind, Result};

/// A request with its whole body in hand, so that it can be sent again.
pub type HttpRequest = http::Request<Bytes>;

/// An answer whose body streams in.
pub type HttpResponse = http::Response<HttpBody>;

/// Sends requests. Contract:
///
/// - It enforces the egress policy it was made with, on each address it dials.
/// - It follows no redirect and retries nothing: the caller decides on those.
/// - A status of 4xx or 5xx is an answer, not an error.
/// - It neither logs nor returns a header or query value of the request.
/// - Errors are [`ErrorKind::Unavailable`], [`ErrorKind::Timeout`] or, for an
///   address that the policy refuses, [`ErrorKind::Permission`].
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one request and returns its answer as soon as the headers are here.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse>;
}

/// A body that streams in; dropping it gives up the connection.
pub struct HttpBody(BoxStream<'static, Result<Bytes>>);

impl HttpBody {
    /// Wraps a stream of chunks.
    pub fn new(chunks: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self(chunks.boxed())
    }

    /// Wraps a body that is all there.
    pub fn full(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self::new(futures::stream::once(async { Ok(body) }))
    }

    /// Reads the whole body, up to `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`] past the limit, else what the connection says.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            if whole.len() + chunk.len() > limit {
                return Err(Error::new(ErrorKind::Limit, "the answer is larger than allowed")
                    .with("limit_bytes", limit));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}

impl Stream for HttpBody {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpBody(..)")
    }
}

/// A transport that sends nothing: for contexts without a network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        Err(Error::new(ErrorKind::Unsupported, "this context has no HTTP transport")
            .with("host", request.uri().host().unwrap_or("(none)"))
            .hinted("build the context with a transport, such as datamiind::context() makes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_over_the_limit_is_refused() {
        let body = HttpBody::full("12345");
        let error = futures::executor::block_on(body.bytes(4)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        let body = HttpBody::full("12345");
        assert_eq!(futures::executor::block_on(body.bytes(5)).unwrap(), "12345");
    }
}
