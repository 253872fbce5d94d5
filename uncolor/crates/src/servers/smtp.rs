//! SMTP, as much as a client needs to get rid of a mail: each is accepted if its subject is its sender's name,
//! and slowly if that says so.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use super::own::think;
use crate::at::Outcome;

/// Answers until the client says goodbye.
pub(crate) fn serve(mut stream: &TcpStream) -> Outcome {
    let mut lines = BufReader::new(stream).lines();
    let mut sender = String::new();
    stream.write_all(b"220 localhost\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
        let answer = match verb.as_str() {
            "QUIT" => break,
            "MAIL" => {
                let name = line.split(['<', '@']).nth(1);
                sender = name.unwrap_or_default().to_owned();
                "250 and to whom?"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let mut as_sent = false;
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    as_sent |= line.strip_prefix("Subject: ") == Some(&sender);
                }
                think(&sender);
                if as_sent {
                    "250 done"
                } else {
                    "554 not what was sent"
                }
            }
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    stream.write_all(b"221 goodbye\r\n")?;
    Ok(())
}
