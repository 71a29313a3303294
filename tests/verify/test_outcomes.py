"""What an exit code and its text mean: every row of the corpus of real runs, and the table's other
rows."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.verify import Result, classify
from explorer.verify.outcomes import KnownProgram, Observation

CORPUS = Path(__file__).parents[1] / "data" / "musl-outcomes.tsv"


def test_every_run_of_the_corpus_is_understood() -> None:
    with CORPUS.open(encoding="utf-8", newline="") as file:
        rows = list(
            csv.DictReader(
                (line for line in file if not line.startswith("#")),
                delimiter="\t",
                quoting=csv.QUOTE_NONE,
            )
        )
    assert len(rows) == 493
    wrong = []
    for row in rows:
        meaning = classify(Observation(int(row["exit"]), row["stdout1"], row["stderr1"]))
        if (meaning.result is Result.RAN) != (row["started"] == "True"):
            wrong.append((row["package"], row["image"], row["exit"], row["stderr1"], meaning))
    assert not wrong


SEEN: list[tuple[str, Observation, Result, str]] = [
    ("fine", Observation(0, "rr version 1\n"), Result.RAN, "started"),
    ("its own error", Observation(2, "", "usage: thing\n"), Result.RAN, "started"),
    (
        "a code that looks like the loader's",
        Observation(127, "", "thing: job not found\n"),
        Result.RAN,
        "started",
    ),
    (
        "runc",
        Observation(1, "", "exec /rr-explorer/rr: no such file or directory\n"),
        Result.FAILED,
        "interpreter-missing",
    ),
    (
        "newer runc",
        Observation(255, "", "exec /rr-explorer/rr: no such file or directory\n"),
        Result.FAILED,
        "interpreter-missing",
    ),
    (
        "crun",
        Observation(
            127,
            "",
            '{"msg":"exec container process `/rr-explorer/rr`: No such file or directory",'
            '"level":"error"}\n',
        ),
        Result.FAILED,
        "interpreter-missing",
    ),
    (
        "another processor",
        Observation(1, "", "exec /rr-explorer/rr: exec format error\n"),
        Result.FAILED,
        "exec-format",
    ),
    (
        "emulated, no interpreter",
        Observation(
            255,
            "",
            "aarch64-binfmt-P: Could not open '/lib/ld-linux-aarch64.so.1': No such file\n",
        ),
        Result.FAILED,
        "interpreter-missing",
    ),
    (
        "another name of qemu",
        Observation(
            255,
            "",
            "qemu-aarch64-static: Could not open '/lib/ld-linux-aarch64.so.1': No such file\n",
        ),
        Result.FAILED,
        "interpreter-missing",
    ),
    (
        "musl, a library",
        Observation(
            127,
            "",
            "Error loading shared library libz.so.1: No such file or directory (needed by /x)\n",
        ),
        Result.FAILED,
        "library-missing",
    ),
    (
        "musl, a symbol",
        Observation(127, "", "Error relocating /rr-explorer/x: fcntl64: symbol not found\n"),
        Result.FAILED,
        "symbol-missing",
    ),
    (
        "musl, IFUNC",
        Observation(127, "", "Error relocating /rr-explorer/x: unsupported relocation type 37\n"),
        Result.FAILED,
        "relocation",
    ),
    (
        "glibc, a library",
        Observation(
            127,
            "",
            "/x: error while loading shared libraries: libz.so.1: cannot open shared object file\n",
        ),
        Result.FAILED,
        "library-missing",
    ),
    (
        "glibc, a version",
        Observation(
            1,
            "",
            "/x: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /x)\n",
        ),
        Result.FAILED,
        "symbol-missing",
    ),
    ("packed", Observation(127), Result.FAILED, "packed"),
    ("ISA level", Observation(132), Result.FAILED, "isa"),
    ("crash", Observation(139), Result.FAILED, "crash"),
    ("crash later on", Observation(139, "hello\n"), Result.RAN, "crash"),
    (
        "crash, emulated",
        Observation(
            139, "", "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"
        ),
        Result.FAILED,
        "crash",
    ),
    (
        "ISA level, emulated",
        Observation(
            132, "", "qemu: uncaught target signal 4 (Illegal instruction) - core dumped\n"
        ),
        Result.FAILED,
        "isa",
    ),
    (
        "the engine",
        Observation(125, "", "docker: Error response from daemon: something.\n", begun=False),
        Result.NOT_RUN,
        "engine",
    ),
    (
        "refused",
        Observation(None, "", "Error response from daemon: cgroups: cannot enter\n", begun=False),
        Result.NOT_RUN,
        "engine",
    ),
    (
        "no such file",
        Observation(
            None,
            "",
            'Error: OCI runtime create failed: exec: "/no": stat /no: no such file or directory\n',
            begun=False,
        ),
        Result.NOT_RUN,
        "file-missing",
    ),
    (
        "not executable",
        Observation(
            None,
            "",
            'Error: OCI runtime create failed: exec: "/etc/passwd": permission denied: unknown\n',
            begun=False,
        ),
        Result.NOT_RUN,
        "not-executable",
    ),
    ("silent until the limit", Observation(137, timed_out=True), Result.NOT_RUN, "timeout"),
    ("busy until the limit", Observation(137, "serving\n", timed_out=True), Result.RAN, "timeout"),
    ("flood", Observation(137, "y\n" * 100, flooded=True), Result.RAN, "output-limit"),
    ("memory", Observation(137, "loading\n", out_of_memory=True), Result.RAN, "killed"),
    ("memory, silent", Observation(137, out_of_memory=True), Result.NOT_RUN, "killed"),
    ("125 is the program's own", Observation(125, "", "bad\n"), Result.RAN, "started"),
    ("126 is the program's own", Observation(126), Result.RAN, "started"),
    (
        "emulated, refused",
        Observation(255, "", "aarch64-binfmt-P: /x: Error mapping file: Invalid argument\n"),
        Result.FAILED,
        "emulator-refused",
    ),
    (
        "emulated, no memory for it",
        Observation(255, "", "aarch64-binfmt-P: /x: Error mapping file: Cannot allocate memory\n"),
        Result.FAILED,
        "emulator-refused",
    ),
    (
        "emulated, not an image",
        Observation(255, "", "qemu-aarch64: /x: Invalid ELF image for this architecture\n"),
        Result.FAILED,
        "emulator-refused",
    ),
    ("a message, then abort", Observation(139, "", "fatal: no X\n"), Result.RAN, "crash"),
    (
        "a message, then a crash, emulated",
        Observation(139, "", "fatal: no X\nqemu: uncaught target signal 11 (Segmentation fault)\n"),
        Result.RAN,
        "crash",
    ),
    (
        "a message, then abort, emulated",
        Observation(134, "", "fatal: no X\nqemu: uncaught target signal 6 (Aborted)\n"),
        Result.RAN,
        "started",
    ),
    (
        "its own words after others",
        Observation(127, "", "starting\nError relocating /p.so: x: symbol not found\n"),
        Result.RAN,
        "started",
    ),
    (
        "a plugin that musl's dlopen misses",
        Observation(127, "", "Error loading shared library p.so: No such file or directory\n"),
        Result.RAN,
        "started",
    ),
    ("killed by somebody", Observation(137), Result.NOT_RUN, "killed"),
]


@pytest.mark.parametrize(
    ("seen", "result", "code"), [pytest.param(*row[1:], id=row[0]) for row in SEEN]
)
def test_the_table(seen: Observation, result: Result, code: str) -> None:
    meaning = classify(seen)
    assert (meaning.result, meaning.code) == (result, code)
    assert meaning.text


def test_the_sentence_names_what_is_missing() -> None:
    assert (
        "fcntl64"
        in classify(Observation(127, "", "Error relocating /x: fcntl64: symbol not found\n")).text
    )
    assert (
        "libz.so.1"
        in classify(
            Observation(127, "", "Error loading shared library libz.so.1: No (needed by /x)\n")
        ).text
    )


STATIC = KnownProgram("/rr-explorer/x", static=True, may_be_packed=False)
PLAIN = KnownProgram("/rr-explorer/x", may_be_packed=False)


@pytest.mark.parametrize(
    ("program", "observed"),
    [
        (STATIC, Observation(127, "", "exec /usr/bin/python3: No such file or directory\n")),
        (STATIC, Observation(127, "", "exec /rr-explorer/x: No such file or directory\n")),
        (STATIC, Observation(127, "", "Error loading shared library p.so: No (needed by me)\n")),
        (STATIC, Observation(127, "", "Error relocating /x: fcntl64: symbol not found\n")),
        (STATIC, Observation(1, "", "/x: version `GLIBC_2.38' not found (required by /x)\n")),
        (STATIC, Observation(127)),
        (PLAIN, Observation(127)),
        (PLAIN, Observation(127, "", "exec /usr/bin/python3: no such file or directory\n")),
    ],
)
def test_what_is_known_of_the_program_rules_meanings_out(
    program: KnownProgram, observed: Observation
) -> None:
    assert classify(observed, program).code == "started"


@pytest.mark.parametrize(
    "observed", [Observation(137), Observation(137, out_of_memory=True)], ids=["137", "limit"]
)
def test_a_program_that_no_kernel_gives_its_memory_did_not_start(observed: Observation) -> None:
    """An emulator may try to, and be killed for it."""
    meaning = classify(observed, KnownProgram("/rr-explorer/x", static=True, too_large=True))
    assert (meaning.result, meaning.code) == (Result.FAILED, "killed")
    assert "claims more memory" in meaning.text
    printed = replace(observed, stdout="hello\n")
    assert classify(printed, KnownProgram("/rr-explorer/x", too_large=True)).result is Result.RAN


@pytest.mark.parametrize("program", [STATIC, PLAIN])
def test_what_holds_for_every_program_is_still_a_refusal(program: KnownProgram) -> None:
    for text, code in (
        ("exec /rr-explorer/x: exec format error", "exec-format"),
        ("x-binfmt-P: /rr-explorer/x: Invalid", "emulator-refused"),
    ):
        assert classify(Observation(255, "", f"{text}\n"), program).code == code
    assert classify(Observation(139), program).code == "crash"


def test_a_program_that_has_printed_has_started_whatever_it_says_afterwards() -> None:
    observed = Observation(
        127, "starting plugin\n", "Error relocating /plugin.so: x: symbol not found\n"
    )
    assert classify(observed).result is Result.RAN


@given(
    st.one_of(st.none(), st.integers(-255, 255)),
    st.text(max_size=50),
    st.text(max_size=200),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_nothing_that_a_program_prints_can_upset_it(
    code: int | None, stdout: str, stderr: str, begun: bool, timed_out: bool, flooded: bool
) -> None:
    meaning = classify(
        Observation(code, stdout, stderr, begun=begun, timed_out=timed_out, flooded=flooded)
    )
    assert meaning.code
    assert len(meaning.text) < 1000


def test_a_long_hostile_text_is_read_quickly() -> None:
    text = "exec " + "a: " * 80_000 + "\n" + "Error relocating " * 10_000
    assert classify(Observation(127, "", text)).result is Result.RAN


@pytest.mark.parametrize(
    ("said", "what_to_do"),
    [
        (
            "Error: runc create failed: error setting rlimit type 7: operation not permitted\n",
            "--ulimit=nofile=",
        ),
        (
            "Error: unable to start container process: unable to setup user: invalid argument\n",
            "/etc/subuid",
        ),
        ("Error: OCI runtime error: something nobody has seen before\n", "run_args"),
    ],
)
def test_an_engine_that_cannot_start_a_container_is_told_with_what_to_do(
    said: str, what_to_do: str
) -> None:
    meaning = classify(Observation(125, "", said, begun=False))
    assert (meaning.result, meaning.code) == (Result.NOT_RUN, "engine")
    assert said.strip() in meaning.text
    assert what_to_do in meaning.text
