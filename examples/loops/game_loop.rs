//! A game or UI loop: the main thread draws 60 frames a second, tasks work meanwhile and send it what
//! is new.
//!
//! ```sh
//! cargo run --example game_loop
//! ```
//!
//! Prints a progress bar for each frame, until all tiles of an image have been rendered. SDL's and
//! winit's event loops, JavaScript's `requestAnimationFrame` with web workers. The main thread never
//! waits for a task: it takes what is there (`try_iter`) and then waits for the next frame. What it has
//! need not be `Send`, as with windows and OpenGL.

use std::rc::Rc;
use std::time::Duration;

use hueless::channel::{tick, unbounded};
use hueless::{go, sleep};

const TILES: usize = 40;

/// What is on the screen; bound to its thread.
#[derive(Default)]
struct Screen(Vec<Rc<str>>);

impl Screen {
    fn draw(&mut self, tiles: &[bool]) {
        let tile = |is_there: &bool| if *is_there { '#' } else { '.' };
        self.0
            .push(tiles.iter().map(tile).collect::<String>().into());
    }
}

/// Renders all tiles in tasks, and draws a frame each `period` until they are there. Returns the frames.
fn show(period: Duration) -> Screen {
    let (rendered, events) = unbounded();
    for tile in 0..TILES {
        let rendered = rendered.clone();
        go!(move || {
            sleep(Duration::from_millis((tile * 37 % TILES * 3) as u64)); // some hard work
            rendered.send(tile).unwrap();
        });
    }
    let (mut screen, mut tiles) = (Screen::default(), [false; TILES]);
    // If a frame comes late, the next one is due a full period after it: no burst to catch up.
    let frames = tick(period);
    while tiles.contains(&false) {
        frames.recv().unwrap();
        for tile in events.try_iter() {
            tiles[tile] = true;
        }
        screen.draw(&tiles);
    }
    screen
}

fn main() {
    for (n, frame) in show(Duration::from_millis(16)).0.iter().enumerate() {
        println!("frame {n}: {frame}");
    }
}

#[test]
fn tiles_come_and_stay() {
    let Screen(frames) = show(Duration::from_millis(5));
    let count = |frame: &Rc<str>| frame.matches('#').count();
    assert!(frames.is_sorted_by_key(count));
    assert_eq!(frames.last().map(count), Some(TILES));
}
