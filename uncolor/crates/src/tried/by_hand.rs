//! HTTP by hand, for crates that bring no more than a stream.

use std::io::{BufRead, BufReader, Read, Write};

use crate::at::{At, Outcome, check};

/// Asks for all words over one connection.
pub(crate) fn get_all(at: &At, stream: impl Read + Write) -> Outcome {
    let mut stream = BufReader::new(stream);
    for word in at.words() {
        let request = format!("GET /{word} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse()?;
                }
                None if line == "\r\n" => break,
                None if line.is_empty() => return Err("the server has hung up".into()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        check(String::from_utf8(body)?, word)?;
    }
    Ok(())
}
