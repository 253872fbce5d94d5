//! What the server knows about a client beside its input.

use std::collections::HashSet;
use std::sync::Arc;

use hueless::net::TcpStream;
use hueless::task::JoinHandle;

use crate::pubsub::{Hub, Outbox};
use crate::reply::Replies;

/// See the module.
pub(crate) struct Client {
    pub(crate) number: u64,
    /// As it calls itself.
    pub(crate) name: Vec<u8>,
    /// Whether it has asked for the end.
    pub(crate) quits: bool,
    /// The channels that it listens to.
    channels: HashSet<Box<[u8]>>,
    stream: Arc<TcpStream>,
    /// Where all that it is sent goes, and the task that writes it, from the first SUBSCRIBE on.
    outbox: Option<(Arc<Outbox>, JoinHandle<()>)>,
}

impl Client {
    pub(crate) fn new(number: u64, stream: Arc<TcpStream>) -> Self {
        Self {
            number,
            name: Vec::new(),
            quits: false,
            channels: HashSet::new(),
            stream,
            outbox: None,
        }
    }

    /// Whether it listens to channels, when few commands are allowed.
    pub(crate) fn listens(&self) -> bool {
        !self.channels.is_empty()
    }

    /// The channels that it listens to.
    pub(crate) fn channels(&self) -> Vec<Box<[u8]>> {
        self.channels.iter().cloned().collect()
    }

    /// Puts `replies` into the outbox; false if there is none.
    pub(crate) fn send(&self, replies: &mut Replies) -> bool {
        let Some((outbox, _)) = &self.outbox else {
            return false;
        };
        // A client that is cut off ends at its next read.
        outbox.send(replies.bytes().into());
        replies.clear(0);
        true
    }

    /// Listens to `channel`; what is due to be sent goes first.
    pub(crate) fn subscribe(&mut self, channel: &[u8], hub: &Hub, replies: &mut Replies) {
        if self.outbox.is_none() {
            self.outbox = Some(Outbox::open(self.stream.clone()));
        }
        self.send(replies);
        self.channels.insert(channel.into());
        let mut word = Replies::default();
        self.tell(&mut word, "subscribe", Some(channel));
        if let Some((outbox, _)) = &self.outbox {
            hub.join(channel, self.number, outbox, word.bytes().into());
        }
    }

    /// Listens to `channel` no longer.
    pub(crate) fn unsubscribe(&mut self, channel: &[u8], hub: &Hub, replies: &mut Replies) {
        if self.channels.remove(channel) {
            hub.leave(channel, self.number);
        }
        self.tell(replies, "unsubscribe", Some(channel));
    }

    /// Says what has become of the subscription to `channel`, and how many there are.
    pub(crate) fn tell(&self, replies: &mut Replies, what: &str, channel: Option<&[u8]>) {
        replies.array(3);
        replies.text(what);
        match channel {
            Some(channel) => replies.text(channel),
            None => replies.nil(),
        }
        replies.integer(self.channels.len() as i64);
    }

    /// Leaves all channels, and waits until the outbox is empty or given up.
    pub(crate) fn leave(&mut self, hub: &Hub) {
        for channel in self.channels.drain() {
            hub.leave(&channel, self.number);
        }
        if let Some((outbox, writer)) = self.outbox.take() {
            drop(outbox);
            // An error means that the runtime ends.
            let _ = writer.join();
        }
    }
}
