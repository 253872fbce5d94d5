//! With the feature `tracing`: spans stay with their task.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Once};
use std::time::Duration;

use hueless::runtime::{Builder, Runtime};
use hueless::{go, sleep, yield_now};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber, info_span, trace_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

static OPENED: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicUsize = AtomicUsize::new(0);

/// Counts spans.
struct Counts;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counts {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        OPENED.fetch_add(1, SeqCst);
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        CLOSED.fetch_add(1, SeqCst);
    }
}

fn runtime() -> Runtime {
    static SUBSCRIBES: Once = Once::new();
    SUBSCRIBES.call_once(|| {
        let subscriber = Registry::default().with(Counts);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    Builder::new().workers(1).build().unwrap()
}

/// The names of the spans around, from the innermost.
fn around() -> Vec<&'static str> {
    tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>();
        let current = dispatch.current_span();
        match (registry, current.id()) {
            (Some(registry), Some(id)) => {
                let span = registry.span(id).expect("it is entered");
                span.scope().map(|span| span.name()).collect()
            }
            _ => Vec::new(),
        }
    })
}

#[test]
fn a_span_is_not_seen_by_neighbours() {
    runtime().run(|| {
        let task = go!(|| {
            let _outer = info_span!("outer").entered();
            let _inner = info_span!("inner").entered();
            for _ in 0..10 {
                yield_now();
                assert_eq!(around(), ["inner", "outer"]);
                sleep(Duration::from_micros(100));
                assert_eq!(around(), ["inner", "outer"]);
            }
        });
        while !task.is_finished() {
            assert_eq!(around(), [""; 0]);
            yield_now();
        }
        task.join().unwrap();
    });
}

#[test]
fn spans_of_many_tasks_do_not_mix() {
    let rounds = Arc::new(AtomicUsize::new(0));
    runtime().run(|| {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let rounds = rounds.clone();
                go!(move || {
                    let own = trace_span!("own", n);
                    let id = own.id().unwrap();
                    for round in 0..20 {
                        let _entered = own.enter();
                        yield_now();
                        let child = trace_span!("child").entered();
                        if (n + round) % 3 == 0 {
                            sleep(Duration::from_micros(50));
                        }
                        assert_eq!(around(), ["child", "own"]);
                        drop(child);
                        assert_eq!(Span::current().id(), Some(id.clone()));
                        rounds.fetch_add(1, SeqCst);
                    }
                    assert_eq!(around(), [""; 0]);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    assert_eq!(rounds.load(SeqCst), 2000);
}

#[test]
fn one_that_is_left_open_ends_with_its_task() {
    runtime().run(|| {
        go!(|| {
            let span = info_span!("left").entered();
            yield_now();
            std::mem::forget(span);
        })
        .join()
        .unwrap();
        assert_eq!(around(), [""; 0]);
        go!(|| assert_eq!(around(), [""; 0])).join().unwrap();
    });
}

#[test]
fn spans_are_closed() {
    // In a process of its own, as it counts.
    let name = "spans_are_closed";
    if std::env::var_os("HUELESS_TEST_CASE").is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact"])
            .env("HUELESS_TEST_CASE", name)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    runtime().run(|| {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                go!(|| {
                    let _outer = info_span!("outer").entered();
                    yield_now();
                    let _inner = info_span!("inner").entered();
                    sleep(Duration::from_micros(10));
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
    assert_eq!((OPENED.load(SeqCst), CLOSED.load(SeqCst)), (200, 200));
}
