//! An actor: a task that owns its state, and changes it as messages ask. No locks.
//!
//! ```sh
//! cargo run --example actor
//! ```
//!
//! Prints what the account answers. Erlang's processes, Akka's `tell` and `ask`, Elixir's
//! `GenServer.cast` and `call`: a message that wants an answer brings the channel for it.

use hueless::channel::{Sender, bounded};
use hueless::go;

enum Message {
    Deposit(u64),
    Withdraw(u64, Sender<Result<u64, String>>),
}

/// Starts an account. It ends when all of its addresses have been dropped.
fn account() -> Sender<Message> {
    let (address, mailbox) = bounded(16);
    go!(name = "account", move || {
        let mut balance = 0;
        for message in mailbox {
            match message {
                Message::Deposit(sum) => balance += sum,
                Message::Withdraw(sum, reply) => {
                    let answer = if sum <= balance {
                        balance -= sum;
                        Ok(balance)
                    } else {
                        Err(format!("{sum} is more than {balance}"))
                    };
                    let _ = reply.send(answer); // the asker may have left
                }
            }
        }
    });
    address
}

/// Tell: sends, and waits for nothing but room in the mailbox.
fn deposit(account: &Sender<Message>, sum: u64) {
    account.send(Message::Deposit(sum)).unwrap();
}

/// Ask: sends, and waits for the answer.
fn withdraw(account: &Sender<Message>, sum: u64) -> Result<u64, String> {
    let (reply, answer) = bounded(1);
    account.send(Message::Withdraw(sum, reply)).unwrap();
    answer.recv().unwrap()
}

fn main() {
    let account = account();
    deposit(&account, 70);
    deposit(&account, 30);
    println!("withdraw 60: {:?}", withdraw(&account, 60));
    println!("withdraw 60: {:?}", withdraw(&account, 60));
}

#[test]
fn nobody_overdraws() {
    let account = account();
    deposit(&account, 1000);
    let paid = hueless::join_all((0..100).map(|_| || withdraw(&account, 30).is_ok()));
    assert_eq!(paid.iter().filter(|paid| **paid).count(), 33);
    assert_eq!(withdraw(&account, 10), Ok(0));
    main();
}
