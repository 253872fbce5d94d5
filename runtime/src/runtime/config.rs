//! Settings: what the program says, else the environment, else the default.

use std::io;

use crate::scheduler::{Hook, Settings};
use crate::stack::Class;

/// Threads that `blocking` may use by default.
const BLOCKING_THREADS: usize = 512;
/// More workers than this is taken for a mistake.
const MAX_WORKERS: usize = 1 << 12;

/// What a builder was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explicit {
    pub(crate) workers: Option<usize>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) blocking_threads: Option<usize>,
    pub(crate) seed: Option<u64>,
    pub(crate) migrates: bool,
    pub(crate) on_stall: Option<Hook>,
    pub(crate) overflow_handler: Option<bool>,
    pub(crate) stack_marks: Option<bool>,
    pub(crate) park_std: Option<bool>,
}

impl Explicit {
    /// Whether the depths of stacks shall be measured.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub(crate) fn stack_marks(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> io::Result<bool> {
        const NAME: &str = "HUELESS_STACK_MARKS";
        match (self.stack_marks, variable(NAME).as_deref().map(str::trim)) {
            (Some(on), _) => Ok(on),
            (None, None | Some("" | "0")) => Ok(false),
            (None, Some("1")) => Ok(true),
            (None, Some(text)) => Err(invalid(format!("{NAME}={text}: must be 1 or 0"))),
        }
    }

    /// Fills the gaps from `variable`, usually the environment.
    ///
    /// # Errors
    /// `InvalidInput` naming the setting or variable that is wrong.
    pub(crate) fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> io::Result<Settings> {
        let count = |name: &str| number(name, variable(name), parse_count);
        let workers = match (self.workers, count("HUELESS_WORKERS")?) {
            (Some(0), _) => return Err(invalid("workers(0): a runtime needs a worker".into())),
            (Some(n), _) | (None, Some(n)) => n,
            (None, None) => num_cpus::get(),
        };
        if workers > MAX_WORKERS {
            return Err(invalid(format!(
                "{workers} workers: at most {MAX_WORKERS} are possible, one for each core is best"
            )));
        }
        let class = match self.stack_size {
            Some(bytes) => Class::for_usable(bytes)?,
            None => match number_of_bytes("HUELESS_STACK", variable("HUELESS_STACK"))? {
                Some(bytes) => Class::for_usable(bytes)
                    .map_err(|error| invalid(format!("HUELESS_STACK: {error}")))?,
                None => Class::DEFAULT,
            },
        };
        let blocking_threads = match (self.blocking_threads, count("HUELESS_BLOCKING")?) {
            (Some(0), _) => {
                return Err(invalid(
                    "blocking_threads(0): `blocking` needs a thread".into(),
                ));
            }
            (Some(n), _) | (None, Some(n)) => n,
            (None, None) => BLOCKING_THREADS,
        };
        let seed = number("HUELESS_SEED", variable("HUELESS_SEED"), parse_seed)?;
        let seed = self.seed.or(seed);
        let park_std = number("HUELESS_STD", variable("HUELESS_STD"), parse_switch)?;
        Ok(Settings {
            workers,
            class,
            blocking_threads,
            migrates: self.migrates,
            seed,
            on_stall: self.on_stall.clone(),
            park_std: self.park_std.or(park_std).unwrap_or(true),
            overflow_handler: self.overflow_handler.unwrap_or(true),
        })
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn number_of_bytes(name: &str, text: Option<String>) -> io::Result<Option<usize>> {
    number(name, text, parse_bytes)
}

fn number<N>(
    name: &str,
    text: Option<String>,
    parse: fn(&str) -> Result<N, &'static str>,
) -> io::Result<Option<N>> {
    text.map(|text| parse(text.trim()).map_err(|why| invalid(format!("{name}={text}: {why}"))))
        .transpose()
}

fn parse_count(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(0) => Err("must be at least 1"),
        Ok(n) => Ok(n),
        Err(_) => Err("not a whole number"),
    }
}

fn parse_seed(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "not a whole number")
}

fn parse_switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "" | "on" | "1" => Ok(true),
        "off" | "0" => Ok(false),
        _ => Err("must be on or off"),
    }
}

/// `262144`, `256K`, `1M`, `1G`; an `iB` or `B` may follow the letter.
pub(crate) fn parse_bytes(text: &str) -> Result<usize, &'static str> {
    const WRONG: &str = "not a size; write bytes, or a number with K, M or G, as in 256K";
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match upper[digits.len()..]
        .trim_end_matches('B')
        .trim_end_matches('I')
    {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return Err(WRONG),
    };
    let number: usize = digits.trim().parse().map_err(|_| WRONG)?;
    number.checked_mul(1 << shift).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(explicit: Explicit, variables: &[(&str, &str)]) -> io::Result<Settings> {
        explicit.resolve(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn explicit_beats_environment_beats_default() {
        let environment = [("HUELESS_WORKERS", "3"), ("HUELESS_BLOCKING", "5")];
        let explicit = Explicit {
            workers: Some(7),
            ..Explicit::default()
        };
        let settings = resolve(explicit, &environment).unwrap();
        assert_eq!((settings.workers, settings.blocking_threads), (7, 5));
        let settings = resolve(Explicit::default(), &environment).unwrap();
        assert_eq!(settings.workers, 3);
        let settings = resolve(Explicit::default(), &[]).unwrap();
        assert_eq!(settings.workers, num_cpus::get());
        assert_eq!(settings.class, Class::DEFAULT);
    }

    #[test]
    fn a_bad_value_names_its_variable() {
        for (name, value) in [
            ("HUELESS_WORKERS", "0"),
            ("HUELESS_WORKERS", "many"),
            ("HUELESS_WORKERS", "1000000"),
            ("HUELESS_STACK", "256X"),
            ("HUELESS_STACK", "400G"),
            ("HUELESS_BLOCKING", "-1"),
            ("HUELESS_SEED", "seven"),
            ("HUELESS_STD", "no"),
        ] {
            let error = resolve(Explicit::default(), &[(name, value)]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            if value != "1000000" {
                assert!(error.to_string().contains(name), "{error}");
            }
        }
        let none = Explicit {
            workers: Some(0),
            ..Explicit::default()
        };
        assert!(resolve(none, &[]).is_err());
    }

    #[test]
    fn std_is_parked_unless_somebody_says_no() {
        let parks = |explicit: Option<bool>, variables: &[(&str, &str)]| {
            let explicit = Explicit {
                park_std: explicit,
                ..Explicit::default()
            };
            resolve(explicit, variables).unwrap().park_std
        };
        assert!(parks(None, &[]));
        assert!(!parks(None, &[("HUELESS_STD", "off")]));
        assert!(parks(Some(true), &[("HUELESS_STD", "off")]));
        assert!(!parks(Some(false), &[("HUELESS_STD", "on")]));
    }

    #[test]
    fn marks_are_asked_for_by_one() {
        let asked = |explicit: Option<bool>, value: Option<&str>| {
            let explicit = Explicit {
                stack_marks: explicit,
                ..Explicit::default()
            };
            explicit.stack_marks(|_| value.map(str::to_owned))
        };
        assert!(!asked(None, None).unwrap());
        assert!(!asked(None, Some("0")).unwrap());
        assert!(asked(None, Some("1")).unwrap());
        assert!(asked(Some(true), Some("0")).unwrap());
        assert!(!asked(Some(false), Some("1")).unwrap());
        let error = asked(None, Some("yes")).unwrap_err();
        assert!(error.to_string().contains("HUELESS_STACK_MARKS"), "{error}");
    }

    #[test]
    fn sizes_are_read_with_and_without_letters() {
        assert_eq!(parse_bytes("65536"), Ok(65_536));
        assert_eq!(parse_bytes("256K"), Ok(256 << 10));
        assert_eq!(parse_bytes("1 MiB"), Ok(1 << 20));
        assert_eq!(parse_bytes("2gb"), Ok(2 << 30));
        assert!(parse_bytes("K").is_err());
        assert!(parse_bytes("-1").is_err());
        assert!(parse_bytes("99999999999G").is_err());
    }
}
