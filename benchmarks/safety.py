"""How fast secrets are masked, and how many lines of logs without secrets are touched.

    .venv/bin/python benchmarks/safety.py [FILE|FOLDER ...]

Without a path the logs that come with the samples are read. The reference is the same set of expressions searched
one after the other in each line with Python's `re`, on a part of the lines.
"""

from __future__ import annotations

import gzip
import re
import sys
import time
from collections import Counter
from pathlib import Path

from banana_assets.core.safety import assigned
from banana_assets.core.safety.kinds import RULES
from banana_assets.core.safety.secrets import mask

SAMPLES = Path(__file__).resolve().parent.parent / "banana_assets" / "samples"
FEW = 3_000
"""So many lines are read by the reference."""


def texts(paths: list[Path]) -> list[tuple[str, str]]:
    """Name and text of each log, plain or .gz."""
    files = [
        file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()
    ]
    logs = [file for file in files if ".log" in file.name or file.suffix in (".jsonl", ".txt") or ".jsonl" in file.name]
    raw = [(f.name, gzip.decompress(f.read_bytes()) if f.suffix == ".gz" else f.read_bytes()) for f in logs]
    return [(name, data.decode("utf-8", "replace")) for name, data in raw]


def main() -> None:
    """Mask everything, then a part of it with the reference."""
    logs = texts([Path(word) for word in sys.argv[1:]] or [SAMPLES])
    mask("warm")
    kinds: Counter[str] = Counter()
    touched = lines = size = 0
    begin = time.process_time()
    done = [(text, mask(text)) for _, text in logs]
    taken = time.process_time() - begin
    for text, masked in done:
        before = text.split("\n")
        lines += len(before)
        size += len(text)
        touched += sum(a != b for a, b in zip(before, masked.text.split("\n"), strict=True))
        kinds.update(masked.counts)
    rules = [re.compile(rule.pattern.replace("(?P<v>", "(?:")) for rule in RULES]
    rules += [re.compile(re.sub(r"\(\?P<\w+>", "(?:", pattern)) for pattern in assigned.PATTERNS]
    some = [line for text, _ in done for line in text.split("\n")][:: max(1, lines // FEW)]
    begin = time.process_time()
    for line in some:
        for rule in rules:
            rule.search(line)
    slow = (time.process_time() - begin) / len(some)
    print(f"{lines:,} lines, {size / 1e6:.1f} MB: {lines / taken:,.0f} lines/s, {size / taken / 1e6:.1f} MB/s")
    print(f"re, one expression after the other: {1 / slow:,.0f} lines/s; ratio {slow / (taken / lines):.1f}")
    print(f"lines touched: {touched} ({touched / lines:.4%}), {dict(kinds)}")


if __name__ == "__main__":
    main()
