//! A select over a list of cases that is made at run time.

use std::fmt;
use std::ptr;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::exchange::{Grant, Head, Limit};
use crate::receiver::Receiver;
use crate::select::engine::{self, Patience};
use crate::select::entry::Entry;
use crate::select::err::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};
use crate::select::operations::{FEW, Operation, Operations};
use crate::select::selected::{Case, End, SelectedOperation};
use crate::sender::Sender;

/// Selects from a list of channel operations that is made at run time.
///
/// If the list is known at compile time, [`select!`](crate::select!) is easier to use.
///
/// Add operations by [`send`](Self::send) and [`recv`](Self::recv), which give each an index. Then
/// either
///
/// - [`select`](Self::select) one of them, which waits until one can go on and commits it; complete
///   the returned [`SelectedOperation`]. Or
/// - wait until one is [`ready`](Self::ready), and try it: it may turn out that another task was
///   faster.
///
/// A list can be used any number of times. If several operations can go on, one of them is chosen at
/// random, or the first in a [biased](Self::new_biased) list.
///
/// Up to 8 operations allocate nothing, unless a message is greater than about 80 bytes.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use hueless_channel::{Receiver, RecvError, Select, unbounded};
///
/// fn recv_multiple<T>(receivers: &[Receiver<T>]) -> Result<T, RecvError> {
///     let mut list = Select::new();
///     for r in receivers {
///         list.recv(r);
///     }
///     let operation = list.select();
///     let index = operation.index();
///     operation.recv(&receivers[index])
/// }
///
/// let (s1, r1) = unbounded();
/// let (s2, r2) = unbounded();
/// thread::spawn(move || s2.send("second").unwrap());
/// assert_eq!(recv_multiple(&[r1, r2]), Ok("second"));
/// # drop(s1);
/// ```
#[derive(Clone)]
pub struct Select<'a> {
    operations: Operations<'a>,
    next_index: usize,
    biased: bool,
}

// SAFETY: on its own a list moves messages as bytes, under the locks of their channels, and runs no
// code of theirs. To complete an operation takes the sender or receiver itself, which is there only
// if such messages may be on that thread.
unsafe impl Send for Select<'_> {}
// SAFETY: as above; a shared list can only be cloned.
unsafe impl Sync for Select<'_> {}

impl<'a> Select<'a> {
    /// Creates an empty list.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::Select;
    ///
    /// let mut list = Select::new();
    /// assert!(list.try_select().is_err()); // There is nothing that could go on.
    /// ```
    pub fn new() -> Self {
        Self {
            operations: Operations::default(),
            next_index: 0,
            biased: false,
        }
    }

    /// Creates an empty list that chooses the operation that was added first, of several that can
    /// go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s1, r1) = unbounded();
    /// let (s2, r2) = unbounded();
    /// s1.send(1).unwrap();
    /// s2.send(2).unwrap();
    ///
    /// let mut list = Select::new_biased();
    /// list.recv(&r1);
    /// list.recv(&r2);
    /// assert_eq!(list.ready(), 0);
    /// ```
    pub fn new_biased() -> Self {
        Self {
            biased: true,
            ..Self::new()
        }
    }

    /// Adds a send and returns its index: the number of operations that were added before.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s, _r) = unbounded::<i32>();
    /// assert_eq!(Select::new().send(&s), 0);
    /// ```
    pub fn send<T>(&mut self, s: &'a Sender<T>) -> usize {
        self.add(ptr::from_ref(s).cast(), End::Sender(s))
    }

    /// Adds a receive and returns its index: the number of operations that were added before.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (_s, r) = unbounded::<i32>();
    /// assert_eq!(Select::new().recv(&r), 0);
    /// ```
    pub fn recv<T>(&mut self, r: &'a Receiver<T>) -> usize {
        self.add(ptr::from_ref(r).cast(), End::Receiver(r))
    }

    fn add(&mut self, address: *const (), end: End<'a>) -> usize {
        let index = self.next_index;
        self.operations.push(Operation {
            index,
            address,
            end,
        });
        self.next_index += 1;
        index
    }

    /// Removes an operation, for instance because its channel is disconnected. The others keep
    /// their indices.
    ///
    /// # Panics
    ///
    /// If there is no operation with this index, or not any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s1, r1) = unbounded::<i32>();
    /// let (_s2, r2) = unbounded::<i32>();
    /// drop(s1);
    ///
    /// let mut list = Select::new();
    /// let first = list.recv(&r1);
    /// list.recv(&r2);
    /// assert_eq!(list.try_ready(), Ok(first));
    /// list.remove(first);
    /// assert!(list.try_ready().is_err());
    /// ```
    pub fn remove(&mut self, index: usize) {
        assert!(
            index < self.next_index,
            "index out of bounds; {index} >= {}",
            self.next_index,
        );
        let position = self.operations.iter().position(|op| op.index == index);
        // The order matters to biased lists.
        self.operations
            .remove(position.expect("no operation with this index"));
    }

    /// Commits one of the operations if that is possible without waiting.
    ///
    /// Never blocks, with the exception that [`Receiver::try_recv`] names: a receive may meet a `select!`
    /// whose message is made only now. So may those with a time limit, which then outlast it.
    ///
    /// # Errors
    ///
    /// If no operation can go on. One whose channel is disconnected can: it fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// assert!(list.try_select().is_err());
    /// s.send(10).unwrap();
    /// assert_eq!(list.try_select().unwrap().recv(&r), Ok(10));
    /// ```
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.commit(Patience::None).ok_or(TrySelectError)
    }

    /// Waits until one of the operations can go on and commits it.
    ///
    /// Blocks the current task, or thread. If the task is cancelled, nothing has been committed.
    ///
    /// # Panics
    ///
    /// If there are no operations.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{Select, bounded};
    ///
    /// let (s, r) = bounded(0);
    /// let (results, result) = bounded(1);
    /// let other = thread::spawn(move || r.recv());
    ///
    /// let mut list = Select::new();
    /// let send = list.send(&s);
    /// list.recv(&result);
    /// let operation = list.select();
    /// assert_eq!(operation.index(), send);
    /// operation.send(&s, "hello").unwrap();
    /// assert_eq!(other.join().unwrap(), Ok("hello"));
    /// # let _: &hueless_channel::Sender<i32> = &results;
    /// ```
    pub fn select(&mut self) -> SelectedOperation<'a> {
        self.check_not_empty();
        match self.commit(Limit::Never.into()) {
            Some(operation) => operation,
            None => unreachable!("without a deadline a select ends with a case"),
        }
    }

    /// Waits for at most `timeout` until one of the operations can go on and commits it.
    ///
    /// Blocks as [`select`](Self::select) does; without operations, for all of the time.
    ///
    /// # Errors
    ///
    /// If the time is up.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (_s, r) = unbounded::<i32>();
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// assert!(list.select_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn select_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.commit(Limit::After(timeout).into())
            .ok_or(SelectTimeoutError)
    }

    /// Waits until `deadline` at most, until one of the operations can go on, and commits it.
    ///
    /// Blocks as [`select`](Self::select) does; without operations, for all of the time.
    ///
    /// # Errors
    ///
    /// If the deadline has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// assert!(list.select_deadline(Instant::now()).is_err());
    /// s.send(1).unwrap();
    /// assert_eq!(list.select_deadline(Instant::now()).unwrap().recv(&r), Ok(1));
    /// ```
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.commit(Limit::At(deadline).into())
            .ok_or(SelectTimeoutError)
    }

    /// The index of an operation that can go on. Never blocks.
    ///
    /// By the time the operation is tried another task may have been faster; nothing is committed
    /// here.
    ///
    /// # Errors
    ///
    /// If no operation can go on. One whose channel is disconnected can: it fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// let mut list = Select::new();
    /// let receive = list.recv(&r);
    /// assert!(list.try_ready().is_err());
    /// s.send(1).unwrap();
    /// assert_eq!(list.try_ready(), Ok(receive));
    /// ```
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.wait_ready(Patience::None).ok_or(TryReadyError)
    }

    /// Waits until one of the operations can go on and returns its index.
    ///
    /// By the time the operation is tried another task may have been faster; nothing is committed
    /// here. So two that both only wait until they are ready never meet on a rendezvous channel.
    ///
    /// Blocks the current task, or thread.
    ///
    /// # Panics
    ///
    /// If there are no operations.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (s, r) = unbounded();
    /// thread::spawn(move || s.send(1).unwrap());
    /// let mut list = Select::new();
    /// let receive = list.recv(&r);
    /// assert_eq!(list.ready(), receive);
    /// assert_eq!(r.try_recv(), Ok(1));
    /// ```
    pub fn ready(&mut self) -> usize {
        self.check_not_empty();
        match self.wait_ready(Limit::Never.into()) {
            Some(index) => index,
            None => unreachable!("without a deadline the wait ends with an operation"),
        }
    }

    /// Waits for at most `timeout` until one of the operations can go on and returns its index.
    ///
    /// As [`ready`](Self::ready) otherwise; without operations it waits for all of the time.
    ///
    /// # Errors
    ///
    /// If the time is up.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (_s, r) = unbounded::<i32>();
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// assert!(list.ready_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.wait_ready(Limit::After(timeout).into())
            .ok_or(ReadyTimeoutError)
    }

    /// Waits until `deadline` at most, until one of the operations can go on, and returns its index.
    ///
    /// As [`ready`](Self::ready) otherwise; without operations it waits for all of the time.
    ///
    /// # Errors
    ///
    /// If the deadline has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use hueless_channel::{Select, unbounded};
    ///
    /// let (_s, r) = unbounded::<i32>();
    /// let mut list = Select::new();
    /// list.recv(&r);
    /// assert!(list.ready_deadline(Instant::now()).is_err());
    /// ```
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        self.wait_ready(Limit::At(deadline).into())
            .ok_or(ReadyTimeoutError)
    }

    fn check_not_empty(&self) {
        assert!(
            !self.operations.is_empty(),
            "no operations have been added to `Select`"
        );
    }

    fn commit(&mut self, patience: Patience) -> Option<SelectedOperation<'a>> {
        let cases = self.operations.iter().map(|op| Case::new(op.end));
        let mut cases: SmallVec<[Case<'a>; FEW]> = cases.collect();
        let chosen = {
            let entries = cases.iter_mut().map(Case::entry);
            let mut entries: SmallVec<[Entry<'_>; FEW]> = entries.collect();
            engine::run(&mut entries, patience, self.biased)?
        };
        let operation = self.operations[chosen];
        Some(SelectedOperation {
            index: operation.index,
            address: operation.address,
            case: Some(cases.swap_remove(chosen)),
        })
    }

    fn wait_ready(&mut self, patience: Patience) -> Option<usize> {
        // The engine commits none of these cases, so no message will need a place.
        let sends = self.operations.iter().map(|_| (Head::late(), None));
        let mut sends: SmallVec<[(Head, Option<Grant>); FEW]> = sends.collect();
        let entries = self.operations.iter().zip(&mut sends);
        let entries = entries.map(|(operation, (head, grant))| match operation.end {
            End::Sender(sender) => Entry::send(sender.gate(), head, grant),
            // SAFETY: nothing is received.
            End::Receiver(receiver) => unsafe {
                Entry::receive(receiver.supplier(), ptr::null_mut())
            },
        });
        let mut entries: SmallVec<[Entry<'_>; FEW]> = entries.collect();
        let ready = engine::wait_ready(&mut entries, patience, self.biased)?;
        Some(self.operations[ready].index)
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Select { .. }")
    }
}
