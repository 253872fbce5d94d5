"""Turns the examples of std's documentation into those of a package, each with a runtime of hueless beside it.

usage: examples.py LIBRARY PACKAGE, the first being the folder library/ of rust-src.
"""

import pathlib
import re
import sys

SOURCES = ["sync", "thread", "net", "os/unix/net", "io/pipe.rs", "process.rs"]
# Words after ``` that rustdoc knows. Any other makes it no Rust.
RUST = re.compile(r"rust|ignore.*|should_panic|no_run|compile_fail|edition\d+|E\d{4}|standalone.*|test_harness")
START = "# hueless::run(|| ());"


def docs(source):
    """The doc comments of a file, each as lines with their numbers."""
    block, kind = [], None
    for number, line in enumerate(source.splitlines(), 1):
        match = re.match(r"\s*(///(?!/)|//!)(.*)", line)
        if block and not match and re.match(r"\s*//", line):
            continue # a plain comment ends no doc comment
        if block and (not match or match[1] != kind):
            yield block
            block = []
        if match:
            kind = match[1]
            block.append((number, match[2]))
    if block:
        yield block


def examples(block):
    """The code in a doc comment: where it begins, what is said of it, its lines."""
    code, fence = None, None
    for number, line in block:
        match = re.match(r"\s*(```+|~~~+)(.*)", line)
        if code is None and match:
            code, fence, words, begin = [], match[1], match[2], number
        elif code is not None and match and match[1] == fence and not match[2].strip():
            yield begin, [word for word in re.split(r"[,\s]+", words) if word], code
            code = None
        elif code is not None:
            code.append(line)
    if code is not None: # never closed: it goes as far as the comment
        yield begin, [word for word in re.split(r"[,\s]+", words) if word], code


def started(code):
    """The code with a runtime that starts first."""
    text = "\n".join(code)
    main = re.search(r"\bfn main\(\)[^{]*\{", text)
    if main:
        return f"{text[:main.end()]}\n{START}\n{text[main.end():]}"
    after = max((index + 1 for index, line in enumerate(code) if line.strip().startswith(("#![", "# #!["))), default=0)
    return "\n".join(code[:after] + [START] + code[after:])


def with_feature(file, text):
    """What examples of a module that is not stable forget to say."""
    return f"#![feature(sync_nonpoison)]\n{text}" if "nonpoison" in str(file) else text


def main():
    library, package = map(pathlib.Path, sys.argv[1:])
    modules, count = [], 0
    for source in SOURCES:
        path = library / "std/src" / source
        for file in [path] if path.is_file() else sorted(path.rglob("*.rs")):
            if "tests" in str(file):
                continue
            for block in docs(file.read_text()):
                for line, words, code in examples(block):
                    if not all(RUST.fullmatch(word) for word in words):
                        continue
                    text = "\n".join(code) if "compile_fail" in words else with_feature(file, started(code))
                    name = re.sub(r"\W+", "_", str(file.relative_to(library / "std/src"))) + f"_{line}"
                    page = package / "src" / f"{name}.md"
                    page.write_text(f"```{','.join(words)}\n{text}\n```\n")
                    modules.append(f'#[doc = include_str!("{name}.md")]\npub mod {name} {{}}\n')
                    count += 1
    (package / "src/lib.rs").write_text("\n".join(modules))
    print(count, "examples")


main()
