//! Channels to a thread and back: crossbeam's, and std's, which are made of the same code.

use std::sync::mpsc;
use std::thread;

use crossbeam_channel::unbounded;

use crate::at::{At, Outcome, check};
use crate::servers::own::think;

pub(crate) fn work(at: &At) -> Outcome {
    let (asking, questions) = unbounded();
    let (answering, answers) = unbounded();
    let echo = echo(questions, move |word| answering.send(word).is_ok())?;
    for word in at.words() {
        asking.send(word.clone())?;
        check(answers.recv()?, word)?;
    }
    drop(asking);
    echo.join().map_err(|_| "the echo has panicked".into())
}

pub(crate) fn of_std(at: &At) -> Outcome {
    let (asking, questions) = mpsc::channel();
    let (answering, answers) = mpsc::channel();
    let echo = echo(questions, move |word| answering.send(word).is_ok())?;
    for word in at.words() {
        asking.send(word.clone())?;
        check(answers.recv()?, word)?;
    }
    drop(asking);
    echo.join().map_err(|_| "the echo has panicked".into())
}

fn echo(
    questions: impl IntoIterator<Item = String> + Send + 'static,
    mut answer: impl FnMut(String) -> bool + Send + 'static,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().stack_size(64 << 10).spawn(move || {
        for word in questions {
            think(&word);
            if !answer(word) {
                break;
            }
        }
    })
}
