//! Running out: errors that say what to change, and nothing lost.

use super::*;

#[cfg(all(target_os = "linux", not(feature = "sanitizer")))]
fn mapping_limit() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    text.trim().parse().ok()
}

#[test]
fn a_bad_kind_is_an_error_that_names_the_variable() {
    child!(a_bad_kind_is_an_error_that_names_the_variable)
        .with(super::super::guard::VARIABLE, "heavy")
        .run(|| {
            for _ in 0..2 {
                let error = Cache::new().take(Class::DEFAULT).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
                assert!(
                    error.to_string().contains("HUELESS_GUARD is \"heavy\""),
                    "{error}"
                );
            }
        })
        .exited(0);
}

// Not under sanitizers, which map memory all the time.
#[test]
#[cfg(all(target_os = "linux", not(feature = "sanitizer")))]
fn out_of_mappings_names_the_sysctl() {
    if mapping_limit().is_none_or(|limit| limit > 200_000) {
        eprintln!("skipped: the limit of mappings is too high to be reached here");
        return;
    }
    child!(out_of_mappings_names_the_sysctl)
        .with(super::super::guard::VARIABLE, "mprotect")
        .run(|| {
            let mut cache = Cache::new();
            let mut stacks = Vec::with_capacity(200_000);
            let error = loop {
                match cache.take(Class::DEFAULT) {
                    Ok(stack) => stacks.push(stack),
                    Err(error) => break error,
                }
            };
            assert!(stacks.len() > 1000, "{} stacks", stacks.len());
            assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
            assert!(error.to_string().contains("vm.max_map_count"), "{error}");
            // What there is can still be used.
            let full = stacks.len();
            cache.put(stacks.pop().unwrap());
            stacks.push(cache.take(Class::DEFAULT).unwrap());
            assert!(cache.take(Class::DEFAULT).is_err());
            assert_eq!(stats().slots_in_use, full);
            stacks.clear();
            while trim() {}
            assert_eq!(stats().regions, 0);
            assert!(cache.take(Class::DEFAULT).is_ok());
        })
        .exited(0);
}

#[test]
#[cfg(all(target_os = "linux", not(feature = "sanitizer")))]
fn out_of_addresses_names_ulimit() {
    child!(out_of_addresses_names_ulimit)
        .run(|| {
            let mut cache = Cache::new();
            let first = cache.take(Class::DEFAULT).unwrap();
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
            // Room for the test, and not for another region.
            let limit = (pages << 12) + (100 << 20);
            let limit = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            // SAFETY: `limit` is valid for reads.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
            for _ in 0..2 {
                let error = cache.take(Class::LARGEST).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
                assert!(error.to_string().contains("ulimit -v"), "{error}");
            }
            // The region that is there goes on serving.
            let more: Vec<_> = (0..500)
                .map(|_| cache.take(Class::DEFAULT).unwrap())
                .collect();
            drop((first, more));
        })
        .exited(0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_thousand_light_stacks_take_few_mappings() {
    if !kinds().any(|kind| kind == "light") {
        eprintln!("skipped: no light guards here");
        return;
    }
    child!(a_hundred_thousand_light_stacks_take_few_mappings)
        .run(|| {
            let before = memory::mappings();
            let mut cache = Cache::new();
            let stacks: Vec<_> = (0..100_000)
                .map(|_| cache.take(Class::DEFAULT).unwrap())
                .collect();
            assert!(stats().slots_in_use >= stacks.len());
            let more = memory::mappings() - before;
            assert!(more < 1000, "{more} mappings for {:?}", stats());
        })
        .exited(0);
}
