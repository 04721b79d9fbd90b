//! HTTP requests that no client library would send.

use std::io::{Read, Write};
use std::net::TcpStream;

/// The response of a server.
pub struct Answer {
    /// The status code, such as 200.
    pub status: u16,
    /// Everything before the body.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Posts JSON with these header lines.
pub fn post(port: u16, path: &str, headers: &[&str], body: &str) -> Answer {
    let length = format!("Content-Length: {}", body.len());
    let json = ["Content-Type: application/json", &length];
    send(port, "POST", path, &[headers, &json].concat(), body)
}

/// Gets a path with these header lines.
pub fn get(port: u16, path: &str, headers: &[&str]) -> Answer {
    send(port, "GET", path, headers, "")
}

/// Sends any request.
pub fn send(port: u16, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    let mut lines = vec![format!("{method} {path} HTTP/1.0")];
    lines.extend(headers.iter().map(|&line| line.to_owned()));
    write!(stream, "{}\r\n\r\n{body}", lines.join("\r\n")).expect("the request is sent");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("the head ends");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.expect("the first line has a status"),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
