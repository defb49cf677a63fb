"""What the system tests run: the real command, on a home of its own, and logs for it to read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

BANANA = [sys.executable, "-m", "banana_assets.interfaces.cli.main"]

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BANANA_") and k != "DAGSTER_HOME"}
    return kept | {"BANANA_HOME": str(home), "POLARS_MAX_THREADS": "2"}


def write_logs(folder: Path, files: int, lines: int, first: int = 0) -> int:
    """Write plain logs with a header, a stack trace now and then, and a time in every other line; answers the lines."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for number in range(first, first + files):
        rows = []
        for i in range(lines):
            at = f"2026-03-{1 + i % 28:02d} {i % 24:02d}:{i % 60:02d}:00,{i % 1000:03d}"
            level = "ERROR" if i % 50 == 0 else "INFO"
            rows.append(f"{at} {level} [worker-{i % 4}] shop.orders: order {i} of customer c{i % 97} took {i % 300} ms")
            if i % 50 == 0:
                rows += [
                    "Traceback (most recent call last):",
                    '  File "orders.py", line 12, in pay',
                    "TimeoutError: no",
                ]
        (folder / f"service-{number}.log").write_text("\n".join(rows) + "\n", encoding="utf-8")
        total += len(rows)
    return total
