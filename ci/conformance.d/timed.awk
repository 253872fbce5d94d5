# Lists the tests of a file that sleep or have deadlines, "file::module::test": on a machine that is
# busy with something else they fail though nothing is wrong.

/^mod [a-z_0-9]+ \{$/ { module = $2 "::" }
/^}$/ { module = "" }
/^ *fn [a-z_0-9]+\(\) \{$/ {
    name = $2
    sub(/\(.*/, "", name)
    end = $0
    sub(/fn .*/, "}", end)
}
name != "" && /[^a-z]ms\(|Duration|Instant|sleep/ { timed = 1 }
name != "" && $0 == end {
    if (timed) print file "::" module name
    name = ""
    timed = 0
}
