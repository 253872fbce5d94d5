//! A global that takes long to make, in a cell of `once_cell`'s or of std's; all wait for it.

use std::sync::OnceLock;
use std::thread;

use once_cell::sync::OnceCell;

use crate::at::{At, Outcome, SLOWLY, check};

static CELL: OnceCell<usize> = OnceCell::new();

pub(crate) fn work(at: &At) -> Outcome {
    (0..at.requests).try_for_each(|_| check(*CELL.get_or_init(make), 7))
}

static OF_STD: OnceLock<usize> = OnceLock::new();

pub(crate) fn of_std(at: &At) -> Outcome {
    (0..at.requests).try_for_each(|_| check(*OF_STD.get_or_init(make), 7))
}

fn make() -> usize {
    thread::sleep(SLOWLY);
    7
}
