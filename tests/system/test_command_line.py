"""What shells and terminals do to the command line: readers that leave, odd bytes, narrow encodings, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.system.processes import BANANA, environment


def ran(home: Path, *words: bytes | str, **environ: str) -> subprocess.CompletedProcess[str]:
    told = environment(home) | environ
    return subprocess.run([*BANANA, *words], env=told, capture_output=True, text=True, errors="replace", check=False)


@pytest.mark.parametrize("line", ["--help", "config --format jsonl", "generate -h", "completion zsh"])
def test_a_reader_that_leaves_is_no_mistake(home: Path, line: str) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*BANANA, *line.split()],
            env=environment(home),
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_cannot_be_written_is_one_sentence(home: Path, unbuffered: str) -> None:
    environ = environment(home) | {"PYTHONUNBUFFERED": unbuffered}
    for out, said in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
        words = ["sh", "-c", f'"$@" {out}', "sh", *BANANA, "--help"]
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (1, f"banana: the answer could not be written: {said}.\n")


def test_bytes_that_are_no_text_and_terminals_that_lack_characters(home: Path) -> None:
    done = ran(home, "generate", b"-g", b"caf\xe9", "--dry-run")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    log = home.parent / os.fsdecode(b"caf\xe9 \xe2\x89\xa4.log")
    log.write_text("ModuleNotFoundError: No module named 'yaml'\n≤\n")
    for environ in (
        {},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ):
        done = ran(home, "diagnose", os.fsencode(log), **environ)
        assert (done.returncode, done.stderr) == (1, "")
        assert "missing dependency" in done.stdout.replace("_", " ")


def test_control_c_ends_with_130_and_one_sentence(home: Path) -> None:
    with subprocess.Popen(
        [*BANANA, "mine", "-"], env=environment(home), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        # Once it reads, it is past its imports.
        child.stdin.write("x" * (1 << 20))
        child.stdin.flush()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate()
    assert (child.returncode, err) == (130, "banana: stopped.\n")
