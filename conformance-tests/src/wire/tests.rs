//! Codings and headers, as data.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use super::{Answer, Request, encoded};
use crate::case::Coding;

#[test]
fn a_gzip_body_is_read_back() {
    let (body, name) = encoded(b"{\"a\":1.10}", Coding::Gzip).unwrap();
    let headers = vec![("content-encoding".to_owned(), name.to_owned())];
    let answer = Answer {
        status: 200,
        headers,
        body,
    };
    assert_eq!(answer.json().unwrap().to_string(), "{\"a\":1.10}");
}

#[test]
fn a_zstd_frame_has_the_header_and_raw_blocks_of_rfc_8878() {
    let (small, name) = encoded(b"abc", Coding::Zstd).unwrap();
    assert_eq!(name, "zstd");
    assert_eq!(
        small,
        [
            0x28,
            0xb5,
            0x2f,
            0xfd,
            0xa0,
            3,
            0,
            0,
            0,
            3 << 3 | 1,
            0,
            0,
            b'a',
            b'b',
            b'c'
        ]
    );
    let (large, _) = encoded(&vec![b'x'; 128 * 1024 + 1], Coding::Zstd).unwrap();
    assert_eq!(large.len(), 9 + 3 + 128 * 1024 + 3 + 1);
    let (empty, _) = encoded(b"", Coding::Zstd).unwrap();
    assert_eq!(empty[9..], [1, 0, 0]);
}

#[test]
fn a_body_that_is_no_text_says_so() {
    let gzip = vec![("content-encoding".to_owned(), "gzip".to_owned())];
    for (headers, body, message) in [
        (gzip, b"plain".to_vec(), "not gzip"),
        (vec![], vec![0xff], "not UTF-8"),
        (vec![], b"<a/>".to_vec(), "not JSON"),
    ] {
        let answer = Answer {
            status: 200,
            headers,
            body,
        };
        assert!(answer.json().unwrap_err().starts_with(message), "{message}");
    }
}

#[test]
fn a_header_is_found_in_any_case_and_joined() {
    let headers = [("allow", "GET"), ("allow", "HEAD")];
    let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let answer = Answer {
        headers,
        ..Answer::default()
    };
    assert_eq!(answer.header("Allow").as_deref(), Some("GET, HEAD"));
    assert_eq!(answer.header("ETag"), None);
}

#[test]
fn a_header_is_set_once() {
    let request = Request::new("GET", String::new()).with("accept", "text/html");
    assert_eq!(
        request.headers,
        [("accept".to_owned(), "text/html".to_owned())]
    );
}
