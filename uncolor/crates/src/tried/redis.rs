//! The blocking client of Redis.

use redis::{Client, Commands, Connection};

use crate::at::{At, Outcome, SLOWLY, check};

pub(crate) fn work(at: &At) -> Outcome {
    let mut connection = client(at)?.get_connection()?;
    set_and_get_all(at, &mut connection)
}

pub(super) fn client(at: &At) -> redis::RedisResult<Client> {
    Client::open(format!("redis://{}/", at.address))
}

pub(super) fn set_and_get_all(at: &At, connection: &mut Connection) -> Outcome {
    for word in at.words() {
        if at.slow {
            let nothing: Option<(String, String)> =
                connection.blpop("nobody", SLOWLY.as_secs_f64())?;
            check(nothing, None)?;
        }
        let () = connection.set(&word, &word)?;
        let got: String = connection.get(&word)?;
        check(got, word)?;
    }
    Ok(())
}
