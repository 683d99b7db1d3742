//! A lean HTTP/1.1 client: one kept connection, answers with a Content-Length, nothing that costs the shared processors
//! more than a request needs (<https://www.rfc-editor.org/rfc/rfc9112>).

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// Bodies up to this size are sent in one write with their head.
const ONE_WRITE: usize = 64 << 10;

/// A connection, made when it is first needed and kept.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    /// A header line that goes with every request, ended by CR LF.
    authorization: Arc<str>,
    stream: Option<TcpStream>,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Further header lines, in small letters, each ended by CR LF.
    pub(crate) headers: &'a str,
    pub(crate) body: &'a str,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a str,
    pub(crate) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request with a FHIR body, or with none.
    pub(crate) fn new(method: &'a str, path: &'a str, body: &'a str) -> Self {
        Self {
            method,
            path,
            headers: "",
            body,
        }
    }
}

impl Client {
    /// A client of one server.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            authorization: "".into(),
            stream: None,
            outgoing: Vec::new(),
            incoming: Vec::new(),
        }
    }

    /// The same client with an access token.
    pub(crate) fn holding(self, token: &str) -> Self {
        Self {
            authorization: format!("authorization: Bearer {token}\r\n").into(),
            ..self
        }
    }

    /// Sends a request and reads its answer. After an error nothing is known of what the server did.
    pub(crate) async fn send(&mut self, request: Request<'_>) -> Result<Answer<'_>> {
        // Taken out, so that a failed or abandoned request leaves no half-read connection behind.
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        write_head(
            &mut self.outgoing,
            self.address,
            &self.authorization,
            &request,
        );
        if request.body.len() <= ONE_WRITE {
            self.outgoing.extend_from_slice(request.body.as_bytes());
            stream.write_all(&self.outgoing).await?;
        } else {
            stream.write_all(&self.outgoing).await?;
            stream.write_all(request.body.as_bytes()).await?;
        }
        let head = read_answer(&mut stream, &mut self.incoming).await?;
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(Answer {
            status: head.status,
            head: std::str::from_utf8(&self.incoming[..head.end])?,
            body: &self.incoming[head.end..],
        })
    }
}

impl Answer<'_> {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// The answer if it has this status.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        match self.status == status {
            true => Ok(self),
            false => Err(format!(
                "the server answered {} instead of {status}: {}",
                self.status,
                String::from_utf8_lossy(&self.body[..self.body.len().min(400)])
            )
            .into()),
        }
    }
}

fn write_head(out: &mut Vec<u8>, address: SocketAddr, authorization: &str, request: &Request<'_>) {
    out.clear();
    let head = format!(
        "{} {} HTTP/1.1\r\nhost: {address}\r\n{authorization}{}",
        request.method, request.path, request.headers
    );
    out.extend_from_slice(head.as_bytes());
    if !request.body.is_empty() {
        let length = request.body.len();
        out.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        if !request.headers.contains("content-type:") {
            out.extend_from_slice(b"content-type: application/fhir+json\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    end: usize,
    length: usize,
    closes: bool,
}

async fn read_answer(stream: &mut TcpStream, incoming: &mut Vec<u8>) -> Result<Head> {
    incoming.clear();
    let mut looked = 0;
    let head = loop {
        if stream.read_buf(incoming).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let found = incoming[looked..]
            .windows(4)
            .position(|window| window == b"\r\n\r\n");
        if let Some(place) = found {
            break parse_head(std::str::from_utf8(&incoming[..looked + place + 4])?)?;
        }
        looked = incoming.len().saturating_sub(3);
    };
    let whole = head.end + head.length;
    incoming.reserve(whole.saturating_sub(incoming.len()));
    while incoming.len() < whole {
        if stream.read_buf(incoming).await? == 0 {
            return Err("the server closed the connection within an answer".into());
        }
    }
    match incoming.len() == whole {
        true => Ok(head),
        false => Err("the server sent more than its answer".into()),
    }
}

fn parse_head(text: &str) -> Result<Head> {
    let status: u16 = match text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
    {
        Some(digits) => digits.parse()?,
        None => return Err("the server does not speak HTTP/1.1".into()),
    };
    if header(text, "transfer-encoding").is_some() {
        return Err("the answer has no Content-Length".into());
    }
    let length = match header(text, "content-length") {
        Some(length) => length.parse()?,
        None if matches!(status, 204 | 304) => 0,
        None => return Err("the answer has no Content-Length".into()),
    };
    let closes =
        header(text, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(Head {
        status,
        end: text.len(),
        length,
        closes,
    })
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (other, value) = line.split_once(':')?;
        other.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_understood_or_refused() {
        let text = "HTTP/1.1 201 Created\r\nContent-Length: 12\r\nETag: W/\"1\"\r\n\r\n";
        let expected = Head {
            status: 201,
            end: text.len(),
            length: 12,
            closes: false,
        };
        assert_eq!(parse_head(text).unwrap(), expected);
        assert!(
            parse_head("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                .unwrap()
                .closes
        );
        for bad in [
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 xyz\r\ncontent-length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        ] {
            assert!(parse_head(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let head = "HTTP/1.1 200 OK\r\nETag: W/\"3\"\r\nlocation: /fhir/Patient/1\r\n\r\n";
        assert_eq!(header(head, "etag"), Some("W/\"3\""));
        assert_eq!(header(head, "Location"), Some("/fhir/Patient/1"));
        assert_eq!(header(head, "http/1.1 200 ok"), None);
    }
}
