//! What a mail server and a gateway are told, by small ones of the tests' own.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::{FileSink, Medium, Outgoing, Provider, SmsGateway, Smtp, SmtpSettings, Unsent};
use crate::config::Secret;

/// What was heard, a conversation each.
pub(in crate::messages) type Heard = Arc<Mutex<Vec<String>>>;

/// A mail server that answers the recipient with this.
pub(in crate::messages) async fn mail_server(recipient: &'static str) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let keep = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            let (mut said, mut is_data) = (String::new(), false);
            writer.write_all(b"220 here\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                said.push_str(&line);
                said.push('\n');
                let answer = match (is_data, line.split([' ', ':']).next().unwrap()) {
                    (true, ".") => {
                        is_data = false;
                        keep.lock().unwrap().push(std::mem::take(&mut said));
                        "250 taken"
                    }
                    (true, _) => continue,
                    (false, "EHLO") => "250 here",
                    (false, "RCPT") => recipient,
                    (false, "DATA") => {
                        is_data = true;
                        "354 go on"
                    }
                    (false, "QUIT") => "221 bye",
                    (false, _) => "250 good",
                };
                let answer = format!("{answer}\r\n");
                if writer.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    (url, heard)
}

/// A gateway that answers with this status.
async fn gateway(status: u16) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let heard = Heard::default();
    let keep = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut said = Vec::new();
            let mut part = [0_u8; 1024];
            while !said.ends_with(b"}") {
                let read = stream.read(&mut part).await.unwrap();
                said.extend_from_slice(&part[..read]);
            }
            keep.lock().unwrap().push(String::from_utf8(said).unwrap());
            let answer =
                format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, heard)
}

fn message(medium: Medium, to: &str) -> Outgoing {
    Outgoing {
        medium,
        id: "m-1".to_owned(),
        to: to.to_owned(),
        subject: "Ihr Termin".to_owned(),
        text: "Grüße".to_owned(),
    }
}

#[tokio::test]
async fn mail_is_handed_to_a_server() {
    let settings = |url: String| SmtpSettings {
        url,
        from: "Clinic <front@clinic.example>".to_owned(),
        credentials: None,
    };
    for (answer, to, expected) in [
        ("250 good", "anna@example.org", Ok(())),
        (
            "550 no",
            "anna@example.org",
            Err(Unsent::Never("the mail server answered 550".to_owned())),
        ),
        (
            "451 later",
            "anna@example.org",
            Err(Unsent::Later("the mail server answered 451".to_owned())),
        ),
        (
            "250 good",
            "nobody",
            Err(Unsent::Never("the address is none".to_owned())),
        ),
    ] {
        let (url, heard) = mail_server(answer).await;
        let smtp = Smtp::new(&settings(url)).unwrap();
        let sent = smtp.send(&message(Medium::Email, to)).await;
        assert_eq!(sent, expected, "{answer} {to}");
        let heard = heard.lock().unwrap().join("");
        assert_eq!(
            heard.contains("Message-ID: <m-1@clinic.example>"),
            sent.is_ok(),
            "{heard}"
        );
    }
    let nowhere = Smtp::new(&settings("smtp://127.0.0.1:1".to_owned())).unwrap();
    let sent = nowhere.send(&message(Medium::Email, "a@example.org")).await;
    assert!(matches!(sent, Err(Unsent::Later(_))), "{sent:?}");
    assert!(Smtp::new(&settings("http://x".to_owned())).is_err());
}

#[tokio::test]
async fn a_text_message_is_handed_to_a_gateway() {
    for (status, is_sent, is_final) in [
        (202, true, false),
        (400, false, true),
        (401, false, false),
        (429, false, false),
        (503, false, false),
    ] {
        let (url, heard) = gateway(status).await;
        let token = Secret::from("hush".to_owned());
        let gateway = SmsGateway::new(&url, Some(token)).unwrap();
        assert!(!format!("{gateway:?}").contains("hush"));
        let sent = gateway.send(&message(Medium::Sms, "+49301")).await;
        assert_eq!(sent.is_ok(), is_sent, "{status}");
        assert_eq!(matches!(sent, Err(Unsent::Never(_))), is_final, "{status}");
        let heard = heard.lock().unwrap().join("").to_lowercase();
        for part in [
            "post /send",
            "authorization: bearer hush",
            "idempotency-key: m-1",
            r#"{"id":"m-1","to":"+49301","text":"grüße"}"#,
        ] {
            assert!(heard.contains(part), "{part} in {heard}");
        }
    }
}

#[tokio::test]
async fn a_file_is_a_message() {
    let directory = std::env::temp_dir().join(format!("vesta-{}", uuid::Uuid::now_v7()));
    let sink = FileSink::new(directory.clone()).unwrap();
    for _ in 0..2 {
        let sent = sink.send(&message(Medium::Sms, "+49301")).await;
        sent.unwrap();
    }
    let files: Vec<_> = std::fs::read_dir(&directory).unwrap().collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(directory.join("m-1.json")).unwrap();
    assert!(text.contains(r#""to":"+49301""#), "{text}");
    std::fs::remove_dir_all(directory).unwrap();
}
