//! A stack for a generator: one more of its task's, or of an OS thread.

use std::io;

use super::class::Class;
use super::handle::Stack;
use super::remaining::current_owner;
use super::slot::Purpose;

/// See the module. It is dropped, which gives it back, once nothing runs on it any more.
pub(crate) struct GeneratorStack {
    /// `None` only at the end of the drop.
    stack: Option<Stack>,
    /// Whether a task has it.
    of_task: bool,
}

impl GeneratorStack {
    /// A stack of the size that tasks have by default, for whoever runs here.
    ///
    /// # Errors
    ///
    /// As [`Cache::take`](super::Cache::take).
    pub(crate) fn take() -> io::Result<Self> {
        let who = current_owner();
        Ok(Self {
            stack: Some(Stack::another(Class::DEFAULT, who, Purpose::Generator)?),
            of_task: !who.is_null(),
        })
    }

    fn stack(&self) -> &Stack {
        self.stack.as_ref().expect("taken by the drop only")
    }
}

impl Drop for GeneratorStack {
    fn drop(&mut self) {
        if let Some(stack) = self.stack.take() {
            // As `grow` does.
            stack.shrink(self.of_task);
        }
    }
}

// SAFETY: it is the stack inside, which is one by its own contract.
unsafe impl corosensei::stack::Stack for GeneratorStack {
    fn base(&self) -> corosensei::stack::StackPointer {
        self.stack().base()
    }

    fn limit(&self) -> corosensei::stack::StackPointer {
        self.stack().limit()
    }
}
