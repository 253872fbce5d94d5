//! Sends mails, each over a connection of its own.

use lettre::{Message, SmtpTransport, Transport};

use crate::at::{At, Outcome, check};

pub(crate) fn work(at: &At) -> Outcome {
    let transport = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(at.port()?)
        .build();
    for word in at.words() {
        let mail = Message::builder()
            .from(format!("{word}@localhost").parse()?)
            .to("root@localhost".parse()?)
            .subject(&word)
            .body(word)?;
        check(transport.send(&mail)?.is_positive(), true)?;
    }
    Ok(())
}
