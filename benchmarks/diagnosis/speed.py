"""Megabytes of log diagnosed a second on one core, start-up excluded, for logs of several shapes, and the memory.

POLARS_MAX_THREADS=1 python benchmarks/diagnosis/speed.py [LOG_OR_FOLDER...]

The reference is one search of Python's ``re`` for error words over the same text: what the simplest script would do.
Each shape runs in a process of its own, so that its peak memory is its own.
"""

# ruff: noqa: E501 - a line of a log is read in one piece

from __future__ import annotations

import gzip
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

RECORDED = Path(__file__).parents[2] / "tests" / "core" / "builds"
SIZE = 12_000_000
"""Characters of a made log."""
WORDS = re.compile(r"(?im)^.*(?:error|fail|exception|fatal).*$")
END = "##[error]Process completed with exit code 1."


def recorded() -> list[str]:
    """The lines of every failure that the tests keep, without what would begin a step of its own."""
    files = sorted([*RECORDED.glob("output/*.txt"), *RECORDED.glob("runs/*.txt")])
    lines = [line for path in files for line in path.read_text(encoding="utf-8").split("\n")]
    return [line for line in lines if not line.startswith("$ ")]


def filled(lines: Iterable[str]) -> list[str]:
    """The lines as far as ``SIZE`` goes, with every recorded failure in the middle and an end that failed."""
    made, size = list[str](), 0
    for line in lines:
        made.append(line)
        size += len(line) + 1
        if size >= SIZE:
            break
    return [*made[: len(made) // 2], *recorded(), *made[len(made) // 2 :], END]


def forever(line: Callable[[int], str]) -> Iterable[str]:
    """What ``line`` makes of 0, 1, 2..."""
    number = 0
    while True:
        yield line(number)
        number += 1


SHAPES: dict[str, Callable[[], list[str]]] = {
    "progress of a compiler": lambda: filled(
        forever(lambda i: f"[{i % 100:3d}%] Building CXX object src/CMakeFiles/app.dir/module_{i % 977}.cpp.o")
    ),
    "compiler errors only": lambda: filled(
        forever(lambda i: f"src/module_{i % 977}.c:{i % 900}:{i % 70}: error: 'name_{i}' undeclared (first use in this function)")
    ),
    "linter warnings only": lambda: filled(
        forever(lambda i: f"src/shop/module_{i % 977}.py:{i % 900}:{i % 70}: W0613: Unused argument 'name_{i}' (unused-argument)")
    ),
    "a test a line": lambda: filled(
        forever(lambda i: f"tests/test_shop_{i % 311}.py::TestCart::test_case_{i} PASSED{i // 3000:>12d}%")
    ),
    "tests that fail": lambda: filled(
        forever(lambda i: (f"--- FAIL: TestCase{i} (0.00s)", f"    cart_test.go:{i % 900}: got {i}, want {i + 1}")[i % 2])
    ),
    "stack traces": lambda: filled(
        forever(lambda i: ("java.lang.IllegalStateException: no price for item", *[f"\tat shop.cart.Cart{i % 7}.price(Cart.java:{i % 400})"] * 9)[i % 10])
    ),
    "timestamps and colours": lambda: filled(
        forever(lambda i: f"2026-01-02T03:{i // 60 % 60:02d}:{i % 60:02d}.{i % 10_000_000:07d}Z \x1b[32m✓\x1b[0m \x1b[90mstep {i} of the suite took {i % 40} ms\x1b[39m")
    ),
    "progress bars": lambda: filled(
        forever(lambda i: "\r".join(f"layer {i}: {share:3d}% [{'#' * (share // 5):<20}]" for share in range(0, 101, 10)) + "\r")
    ),
    "lines of 20,000": lambda: filled(forever(lambda i: f"data {i}: " + "0123456789abcdef " * 1_200)),
    "200,000 lines": lambda: [*[f"step {i} of 200000 done" for i in range(199_000)], *recorded(), END],
    "a line of 72 MB": lambda: ["x" * 72_000_000, "make: *** [all] Error 1"],
}  # fmt: skip


def logs(paths: Iterable[str]) -> list[str]:
    """The lines of the logs that were named, or that lie below the folders that were named."""
    lines: list[str] = []
    for path in map(Path, paths):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.name.endswith((".log", ".txt", ".gz")):
                data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
                lines += data.decode("utf-8", "replace").split("\n")
    return lines


def measure(name: str, lines: list[str]) -> None:
    """Print the figures of one log."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    from banana_assets.core.builds.diagnosis import diagnose

    diagnose(recorded())
    size = sum(len(line) + 1 for line in lines) / 1e6
    spent = min(timed(lambda: diagnose(lines)) for _ in range(3))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    text = "\n".join(lines)
    searched = timed(lambda: WORDS.findall(text))
    print(
        f"{name:24} {len(lines):>8,} lines {size:6.1f} MB {size / spent:7.1f} MB/s"
        f" {searched / spent:6.1f} times the reference {grown:6.0f} MiB more",
        flush=True,
    )


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure every shape, each in its own process, and the named logs together."""
    if sys.argv[1:2] == ["--shape"]:
        measure(sys.argv[2], SHAPES[sys.argv[2]]())
        return
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    for name in SHAPES:
        subprocess.run([sys.executable, __file__, "--shape", name], env=environment, check=True)
    if sys.argv[1:]:
        measure("the named logs", logs(sys.argv[1:]))


if __name__ == "__main__":
    main()
