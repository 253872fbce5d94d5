//! Phases: nobody begins the next round before everyone has done this one.
//!
//! ```sh
//! cargo run --example barrier_phases
//! ```
//!
//! Prints the cells after each generation. pthread's and std's `Barrier`, Java's `CyclicBarrier`, MPI's
//! `MPI_Barrier`: here for a row of cells that each live in a task and look at their neighbours
//! (Wolfram's rule 90).

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use hueless::channel::unbounded;
use hueless::{scope, sync::Barrier};

/// What becomes of a row of `width` cells with one alive in the middle, one string a generation.
fn generations(width: usize, count: usize) -> Vec<String> {
    // Relaxed: the barrier orders all reads of a phase before all writes of the next, and the reverse.
    let cells: Vec<_> = (0..width)
        .map(|n| AtomicBool::new(n == width / 2))
        .collect();
    let barrier = Barrier::new(width);
    let (rows, printed) = unbounded();
    scope(|s| {
        for n in 0..width {
            let (cells, barrier, rows) = (&cells, &barrier, rows.clone());
            s.spawn(move || {
                for _ in 0..count {
                    let is_alive = |at: usize| cells[at % width].load(Relaxed);
                    let lives = is_alive(n + width - 1) != is_alive(n + 1);
                    // All have looked. One of them, whichever it is, is the leader.
                    if barrier.wait().is_leader() {
                        let row = |cell: &AtomicBool| if cell.load(Relaxed) { '#' } else { '.' };
                        rows.send(cells.iter().map(row).collect()).unwrap();
                    }
                    barrier.wait(); // the row is written down
                    cells[n].store(lives, Relaxed);
                    barrier.wait(); // all have changed
                }
            });
        }
    });
    drop(rows);
    printed.into_iter().collect()
}

fn main() {
    for row in generations(63, 16) {
        println!("{row}");
    }
}

#[test]
fn nobody_runs_ahead() {
    let rows = generations(9, 4);
    assert_eq!(rows, ["....#....", "...#.#...", "..#...#..", ".#.#.#.#."]);
    main();
}
