//! A client that writes its own startup packet, so that it may name any setting in it
//! (protocol.sgml, "Message Formats"). It reads the first column of the first row, as text.

use pgrx_embed::cluster::Cluster;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// A connection through the server's socket.
pub struct Startup {
    socket: UnixStream,
    row: Option<String>,
}

impl Startup {
    /// Connects with these parameters in the startup packet. Returns the message of the error if
    /// the server refuses.
    pub fn connect(
        cluster: &Cluster,
        user: &str,
        database: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Self, String> {
        let path = cluster.dir().join(format!(".s.PGSQL.{}", cluster.port()));
        let socket = UnixStream::connect(path).expect("the server listens");
        let mut client = Self { socket, row: None };
        let mut packet = 196_608_u32.to_be_bytes().to_vec(); // protocol 3.0
        for (name, value) in [("user", user), ("database", database)]
            .iter()
            .chain(parameters)
        {
            packet.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
        }
        packet.push(0);
        client.send(None, &packet);
        client.until_ready()?;
        Ok(client)
    }

    /// Runs statements. Returns the first value of the last row, or the message of the error.
    pub fn run(&mut self, sql: &str) -> Result<Option<String>, String> {
        self.row = None;
        self.send(Some(b'Q'), &[sql.as_bytes(), b"\0"].concat());
        self.until_ready()?;
        Ok(self.row.take())
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) {
        let mut message = Vec::from_iter(kind);
        let length = u32::try_from(body.len() + 4).expect("a short message");
        message.extend(length.to_be_bytes());
        message.extend(body);
        self.socket.write_all(&message).expect("the server reads");
    }

    /// Reads until the server is ready, or has ended the connection.
    fn until_ready(&mut self) -> Result<(), String> {
        let mut error = None;
        loop {
            let mut head = [0; 5];
            if self.socket.read_exact(&mut head).is_err() {
                return Err(error.unwrap_or_else(|| "the connection was lost".to_owned()));
            }
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
            self.socket.read_exact(&mut body).expect("a whole message");
            match head[0] {
                b'Z' => return error.map_or(Ok(()), Err),
                b'E' => error = error.or_else(|| Some(message(&body))),
                b'D' => self.row = first_value(&body),
                _ => {}
            }
        }
    }
}

/// The message of an error.
fn message(body: &[u8]) -> String {
    let fields = body.split(|&byte| byte == 0);
    let message = fields.filter_map(|field| field.strip_prefix(b"M")).next();
    String::from_utf8_lossy(message.unwrap_or_default()).into_owned()
}

/// The first value of a row; `None` for NULL.
fn first_value(body: &[u8]) -> Option<String> {
    let length = i32::from_be_bytes(body.get(2..6)?.try_into().ok()?);
    let value = body.get(6..6 + usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(value).into_owned())
}
