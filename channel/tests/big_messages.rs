//! Messages of many bytes: few copies of one lie on a stack at a time, also in a debug build.

mod common;

use std::time::Duration;

use common::{Flavor, World};
use hueless_channel::{select, unbounded};

tests_in_all_worlds!(operations_fit_on_a_task_stack);

/// Forty-eight of these fill a task's stack.
type Big = [u8; 4096];

fn operations_fit_on_a_task_stack<W: World>() {
    for flavor in Flavor::ALL {
        let (s, r) = flavor.make::<Big>();
        let sender = W::spawn(move || {
            let some = Duration::from_secs(60);
            s.send([1; 4096]).unwrap();
            s.send_timeout([2; 4096], some).unwrap();
            select! {
                send(s, [3; 4096]) -> sent => sent.unwrap(),
            }
        });
        let first = r.recv().unwrap()[4095];
        let second = r.recv_timeout(Duration::from_secs(60)).unwrap()[4095];
        let third = select! {
            recv(r) -> msg => msg.unwrap()[4095],
        };
        sender.join();
        assert_eq!((first, second, third), (1, 2, 3));
    }
    let (s, r) = unbounded::<Big>();
    assert!(r.try_recv().is_err());
    s.try_send([4; 4096]).unwrap();
    assert_eq!(r.try_recv().unwrap()[0], 4);
}
