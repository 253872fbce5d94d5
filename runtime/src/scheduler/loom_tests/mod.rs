//! Loom models: [`sleep`] of the inbox and the counts of idle workers, [`rest`] of the monitor's rest,
//! [`run_next`] of stealing what a worker would run next, [`leaving`] and [`timers`] of tasks that
//! change workers, [`calls`] of cancelling those that do not.

mod calls;
mod leaving;
mod rest;
mod run_next;
mod sleep;
mod timers;

pub(super) fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}
