//! The crowd: tasks that all wait for a number at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hueless::channel::{Receiver, Sender, TrySendError, bounded, unbounded};
use hueless::{checkpoint, go, sleep};

/// How long nothing may happen before we give up.
const STALL: Duration = Duration::from_secs(30);
/// Tasks between two looks at progress.
const STEP: u64 = 256;

/// What the members share: one channel for the numbers, one for the answers.
struct Shared {
    numbers: Receiver<u64>,
    answers: Sender<u64>,
    /// Members that wait for their number, or are just about to.
    waiting: AtomicU64,
    /// Members that could not be started.
    lost: AtomicU64,
}

/// What a task captures: no more than two words, as there are a million of them.
struct Member {
    /// `None` once it lives.
    shared: Option<Arc<Shared>>,
    index: u64,
}

impl Member {
    /// The life of a task: waits for a number, adds its own, answers.
    fn live(mut self) {
        let shared = self.shared.take().expect("a member lives once");
        // Relaxed: the number of tasks that have come here, no more.
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        // An error means that the crowd is dissolved.
        if let Ok(number) = shared.numbers.recv() {
            let _ = shared.answers.send(number + self.index);
        }
    }
}

impl Drop for Member {
    /// A task for which no stack can be had is dropped before it lives.
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            // Relaxed: as above.
            shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Tasks that wait, each for a number.
pub(crate) struct Crowd {
    tasks: u64,
    /// A rendezvous channel: a message goes from hand to hand.
    numbers: Sender<u64>,
    answers: Receiver<u64>,
}

/// What the crowd has answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers {
    pub(crate) sum: u64,
    /// Tasks whose number could be handed over at once, because they were parked.
    pub(crate) parked: u64,
}

impl Crowd {
    /// Starts the tasks and waits until all of them wait. Tells `watch` how many do.
    pub(crate) fn gather(tasks: u64, mut watch: impl FnMut(u64)) -> Result<Self, String> {
        let (numbers, take_number) = bounded(0);
        let (answer, answers) = unbounded();
        let shared = Arc::new(Shared {
            numbers: take_number,
            answers: answer,
            waiting: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let waiting = || shared.waiting.load(Ordering::Relaxed);
        let lost = || shared.lost.load(Ordering::Relaxed);

        for index in 0..tasks {
            let member = Member {
                shared: Some(shared.clone()),
                index,
            };
            go!(move || member.live());
            if index % STEP == 0 {
                checkpoint();
                watch(waiting());
                if lost() != 0 {
                    break;
                }
            }
        }
        let mut last = (0, Instant::now());
        while waiting() < tasks && lost() == 0 {
            sleep(Duration::from_millis(1));
            let now = waiting();
            watch(now);
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > STALL {
                return Err(format!(
                    "only {now} of {tasks} tasks have started, and no more do"
                ));
            }
        }
        if lost() != 0 {
            return Err(format!(
                "no more than about {} of {tasks} tasks could be started: {}",
                waiting(),
                why_no_stack(),
            ));
        }
        Ok(Self {
            tasks,
            numbers,
            answers,
        })
    }

    /// Sends each task a number and collects the answers. Tells `watch` how many there are.
    pub(crate) fn wake(self, mut watch: impl FnMut(u64)) -> Result<Answers, String> {
        let mut answers = Answers { sum: 0, parked: 0 };
        let mut answered = 0;
        for number in 0..self.tasks {
            // This succeeds only if a task is parked on the other side.
            let late = match self.numbers.try_send(number) {
                Ok(()) => {
                    answers.parked += 1;
                    false
                }
                Err(TrySendError::Full(_)) => true,
                Err(TrySendError::Disconnected(_)) => return Err(self.too_few(answered)),
            };
            if late && self.numbers.send(number).is_err() {
                return Err(self.too_few(answered));
            }
            if number % STEP == 0 {
                for answer in self.answers.try_iter() {
                    answers.sum += answer;
                    answered += 1;
                }
                watch(answered);
                checkpoint();
            }
        }
        while answered < self.tasks {
            // An error means that all tasks have ended.
            let answer = self.answers.recv().map_err(|_| self.too_few(answered))?;
            answers.sum += answer;
            answered += 1;
            if answered % STEP == 0 {
                watch(answered);
            }
        }
        let expected = self.tasks * (self.tasks - 1);
        if answers.sum != expected {
            return Err(format!(
                "the answers' sum is {}, not {expected}",
                answers.sum
            ));
        }
        Ok(answers)
    }

    fn too_few(&self, answered: u64) -> String {
        format!(
            "only {answered} of {} tasks have answered before all had ended",
            self.tasks
        )
    }
}

/// Starts one more task to learn what the runtime says.
fn why_no_stack() -> String {
    match go!(|| ()).join() {
        Err(error) if error.is_no_stack() => std::io::Error::from(error).to_string(),
        Err(error) => error.to_string(),
        Ok(()) => "no stack was to be had for a while".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_answers_once() {
        let tasks = 1_000;
        let mut seen = (0, 0);
        let answers = hueless::run(|| {
            let crowd = Crowd::gather(tasks, |parked| seen.0 = parked)?;
            crowd.wake(|answered| seen.1 = answered)
        })
        .unwrap();
        assert_eq!(answers.sum, tasks * (tasks - 1));
        // A worker that is held up by the system may have one task on the way to its wait.
        assert!(answers.parked > tasks - 64, "{answers:?}");
        assert!(seen.0 <= tasks && seen.1 <= tasks);
    }

    #[test]
    fn a_member_that_never_lives_is_counted() {
        let (_keep, numbers) = bounded(0);
        let (answers, _also) = unbounded();
        let shared = Arc::new(Shared {
            numbers,
            answers,
            waiting: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        drop(Member {
            shared: Some(shared.clone()),
            index: 1,
        });
        assert_eq!(shared.lost.load(Ordering::Relaxed), 1);
        assert_eq!(size_of::<Member>(), 2 * size_of::<usize>());
    }
}
