//! The loop that starts the children, ends them and restarts them.
//!
//! Invariant: a child runs if and only if its handle is in `running`. Who takes the handle out joins it, so
//! there are never two runs of one child at once, and a restarted child finds what its predecessor held free.
//!
//! All of this is behind a shield, so no wait in it unwinds.

use std::ops::Range;
use std::sync::Arc;

use crate::scope::{Scope, ScopedJoinHandle, Settings};
use crate::supervisor::failure::{End, Failure, GaveUp};
use crate::supervisor::home::Home;
use crate::supervisor::spec::{Restart, Strategy, Supervisor};
use crate::supervisor::window::Window;

/// See the module.
pub(super) struct Watch<'scope, 'env> {
    spec: &'env Supervisor<'env>,
    scope: &'scope Scope<'scope, 'env>,
    home: &'env Arc<Home>,
    running: Vec<Option<ScopedJoinHandle<'scope, Result<(), String>>>>,
    restarts: Window,
}

impl<'scope, 'env> Watch<'scope, 'env> {
    pub(super) fn new(
        spec: &'env Supervisor<'env>,
        scope: &'scope Scope<'scope, 'env>,
        home: &'env Arc<Home>,
    ) -> Self {
        Self {
            spec,
            scope,
            home,
            running: spec.children.iter().map(|_| None).collect(),
            restarts: Window::new(spec.intensity, spec.period),
        }
    }

    /// Starts the children, and returns once all have ended and none is to be restarted, or when the
    /// supervisor gives up or is cancelled. None runs then.
    pub(super) fn run(mut self) -> Result<(), GaveUp> {
        for place in self.all() {
            self.start(place);
        }
        let outcome = self.restart_until_over();
        self.end(self.all());
        outcome
    }

    fn restart_until_over(&mut self) -> Result<(), GaveUp> {
        while self.running.iter().any(Option::is_some) {
            let Some(place) = self.home.next() else {
                return Ok(());
            };
            let end = self.join(place).expect("reports of others are forgotten");
            let child = &self.spec.children[place];
            if !child.restart.is_due(&end) {
                self.tell_failure(place, end);
                continue;
            }
            let failure = Failure::new(&child.name, end);
            self.spec.tell(&failure);
            if !self.restarts.admit(crate::time::now()) {
                return Err(GaveUp {
                    failure,
                    restarts: self.spec.intensity,
                    period: self.spec.period,
                });
            }
            self.restart(place);
        }
        Ok(())
    }

    /// Starts a child that has ended, and with it whom the strategy names.
    fn restart(&mut self, place: usize) {
        let with_it = match self.spec.strategy {
            Strategy::OneForOne => place..place + 1,
            Strategy::OneForAll => self.all(),
            Strategy::RestForOne => place..self.running.len(),
        };
        self.end(with_it.clone());
        for place in with_it {
            let is_over = self.spec.children[place].restart == Restart::Temporary;
            if !is_over && !self.home.is_cancelled() {
                self.start(place);
            }
        }
    }

    fn start(&mut self, place: usize) {
        let child = &self.spec.children[place];
        let report = self.home.report(place);
        let run = move || {
            let _report = report;
            (child.run)()
        };
        let settings = Settings {
            class: None,
            name: Some(child.name.clone()),
        };
        let task = self.scope.spawn_with(run, settings, child.added_at);
        self.running[place] =
            Some(task.unwrap_or_else(|error| panic!("cannot spawn a task: {error}")));
    }

    /// Cancels those that run, the last first, each when the one before has ended.
    fn end(&mut self, places: Range<usize>) {
        for place in places.rev() {
            if let Some(task) = &self.running[place] {
                task.cancel();
                if let Some(end) = self.join(place) {
                    self.tell_failure(place, end);
                }
            }
        }
    }

    /// Waits for a child to end, if it runs.
    fn join(&mut self, place: usize) -> Option<End> {
        let task = self.running[place].take()?;
        let end = End::new(task.join());
        // Whoever is joined has reported.
        self.home.forget(place);
        Some(end)
    }

    /// Tells of a failure that changes nothing.
    fn tell_failure(&self, place: usize, end: End) {
        if end.is_failure() {
            let name = &self.spec.children[place].name;
            self.spec.tell(&Failure::new(name, end));
        }
    }

    fn all(&self) -> Range<usize> {
        0..self.running.len()
    }
}
