//! The operations of a dynamic select: few in place, more in memory of their own.
//!
//! Rejected: a `SmallVec`. It has a destructor, so handles could be neither moved nor dropped while
//! there is a list that has borrowed them, not even one that is not used any more.

use std::ops::Deref;

use crate::select::selected::End;

/// So many cases take no memory but the stack's.
pub(super) const FEW: usize = 8;

/// An operation of a list.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) index: usize,
    /// Of the sender or receiver.
    pub(super) address: *const (),
    pub(super) end: End<'a>,
}

/// A list of operations.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "few operations lie in place, so that they take no memory"
)]
pub(super) enum Operations<'a> {
    /// As many as the number says, from the first on; the rest means nothing.
    Few(usize, [Operation<'a>; FEW]),
    /// More than a few at some time, or none yet.
    Many(Vec<Operation<'a>>),
}

impl Default for Operations<'_> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<'a> Operations<'a> {
    /// Appends `operation`.
    pub(super) fn push(&mut self, operation: Operation<'a>) {
        match self {
            Self::Few(count, few) if *count < FEW => {
                few[*count] = operation;
                *count += 1;
            }
            Self::Few(_, few) => {
                let mut many = Vec::with_capacity(2 * FEW);
                many.extend_from_slice(few);
                many.push(operation);
                *self = Self::Many(many);
            }
            Self::Many(many) if many.capacity() == 0 => *self = Self::Few(1, [operation; FEW]),
            Self::Many(many) => many.push(operation),
        }
    }

    /// Removes the operation at `position`. The others keep their order.
    pub(super) fn remove(&mut self, position: usize) {
        match self {
            Self::Few(count, few) => {
                few[position..*count].rotate_left(1);
                *count -= 1;
            }
            Self::Many(many) => {
                many.remove(position);
            }
        }
    }
}

impl<'a> Deref for Operations<'a> {
    type Target = [Operation<'a>];

    fn deref(&self) -> &[Operation<'a>] {
        match self {
            Self::Few(count, few) => &few[..*count],
            Self::Many(many) => many,
        }
    }
}
