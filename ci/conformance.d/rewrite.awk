# Turns a test file of crossbeam-channel into one whose threads are tasks.
#
# What it uses of std's threads and locks, of crossbeam-utils's scopes and of rand it finds in the crate
# `on_tasks` instead (tasks.rs), and the body of each test runs in a task. It relies on rustfmt's
# layout: a test is `#[test]`, other attributes, `fn name() {`, and ends with `}` below its `fn`.

function indentation(line) {
    match(line, /^ */)
    return substr(line, 1, RLENGTH)
}

/^ *#\[test\]$/ {
    tests++
    marked = 1
}

marked && /^ *fn [a-z_0-9]+\(\) \{$/ {
    marked = 0
    end = indentation($0) "}"
    sub(/\{$/, "{ ::on_tasks::run(|| {")
    wrapped++
}

end != "" && $0 == end {
    $0 = end ") }"
    end = ""
}

{
    gsub(/::std::thread/, "std::thread")
    gsub(/::std::sync/, "std::sync")
    gsub(/std::thread/, "::on_tasks::thread")
    gsub(/std::sync/, "::on_tasks::sync")
    gsub(/crossbeam_utils::thread/, "::on_tasks::scoped")
    gsub(/use rand::/, "use ::on_tasks::rand::")
    print
}

END {
    if (wrapped != tests || end != "") {
        print FILENAME ": " wrapped + 0 " of " tests + 0 " tests could be wrapped" > "/dev/stderr"
        exit 1
    }
}
