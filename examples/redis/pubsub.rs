//! Channels: who listens to which, and what is on its way to whom.
//!
//! A subscriber's messages come from other connections' tasks. So from its first SUBSCRIBE on, all that
//! goes to a client goes through its [`Outbox`], a queue with a task that writes. A publisher puts its
//! message into the outboxes and never waits; a subscriber that does not read is cut off when too much
//! lies in its outbox.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hueless::channel::{Receiver, Sender, unbounded};
use hueless::go;
use hueless::net::TcpStream;
use hueless::task::JoinHandle;

use crate::connection::BATCH;
use crate::reply::Replies;

/// Bytes that may lie in an outbox.
pub(crate) const MAX_PENDING: usize = 32 << 20;
/// What a packet counts beside its bytes.
const OVERHEAD: usize = 64;

/// Bytes to be written, shared by all outboxes that they are in.
type Packet = Arc<[u8]>;

/// See the module.
pub(crate) struct Outbox {
    queue: Sender<Packet>,
    /// Bytes in the queue, overhead included.
    pending: Arc<AtomicUsize>,
    stream: Arc<TcpStream>,
}

impl Outbox {
    /// An outbox for `stream`, and the task that empties it, which ends after the last handle.
    pub(crate) fn open(stream: Arc<TcpStream>) -> (Arc<Self>, JoinHandle<()>) {
        let (queue, packets) = unbounded();
        let outbox = Self {
            queue,
            pending: Arc::default(),
            stream,
        };
        let (pending, stream) = (outbox.pending.clone(), outbox.stream.clone());
        let writer = go!(name = "outbox", move || {
            if write_packets(&packets, &pending, &stream).is_err() {
                // The connection's task notices, and leaves the channels.
                stream.close();
            }
        });
        (Arc::new(outbox), writer)
    }

    /// Puts `packet` in. Never waits; false if the client is cut off.
    pub(crate) fn send(&self, packet: Packet) -> bool {
        let weight = packet.len() + OVERHEAD;
        // Relaxed: a figure, which says nothing about other memory.
        let before = self.pending.fetch_add(weight, Ordering::Relaxed);
        if before + weight > MAX_PENDING {
            self.stream.close();
            return false;
        }
        self.queue.send(packet).is_ok()
    }
}

/// Writes what comes, all that is there with one write.
fn write_packets(
    packets: &Receiver<Packet>,
    pending: &AtomicUsize,
    mut stream: &TcpStream,
) -> io::Result<()> {
    let mut batch = Vec::new();
    for first in packets {
        let mut weight = first.len() + OVERHEAD;
        batch.extend_from_slice(&first);
        while batch.len() < BATCH
            && let Ok(next) = packets.try_recv()
        {
            weight += next.len() + OVERHEAD;
            batch.extend_from_slice(&next);
        }
        stream.write_all(&batch)?;
        // Relaxed: as in `send`.
        pending.fetch_sub(weight, Ordering::Relaxed);
        batch.clear();
        batch.shrink_to(BATCH);
    }
    Ok(())
}

/// The subscribers of a channel, by their connections' numbers.
type Subscribers = HashMap<u64, Arc<Outbox>>;

/// All channels that have subscribers.
#[derive(Default)]
pub(crate) struct Hub(Mutex<HashMap<Box<[u8]>, Subscribers>>);

impl Hub {
    /// Adds a subscriber, whose next packet is `word`; messages come after it.
    pub(crate) fn join(&self, channel: &[u8], number: u64, outbox: &Arc<Outbox>, word: Packet) {
        let mut channels = self.lock();
        let subscribers = channels.entry(channel.into()).or_default();
        subscribers.insert(number, outbox.clone());
        outbox.send(word);
    }

    /// Takes a subscriber away; no message comes after this.
    pub(crate) fn leave(&self, channel: &[u8], number: u64) {
        let mut channels = self.lock();
        if let Some(subscribers) = channels.get_mut(channel) {
            subscribers.remove(&number);
            if subscribers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    /// Sends `message` to everybody who listens to `channel`: how many that are. All get the messages
    /// of a channel in the same order.
    pub(crate) fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        let channels = self.lock();
        let Some(subscribers) = channels.get(channel) else {
            return 0;
        };
        let mut packet = Replies::default();
        packet.array(3);
        packet.text("message");
        packet.text(channel);
        packet.text(message);
        let packet = Packet::from(packet.bytes());
        let sent = subscribers
            .values()
            .map(|outbox| outbox.send(packet.clone()));
        sent.filter(|&sent| sent).count()
    }

    /// A std lock, never held across anything that waits: putting packets into an outbox does not.
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Subscribers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
