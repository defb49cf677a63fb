"""Loading Dagster's definitions in a process of its own: here nothing may import Dagster."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

from banana_assets.backends.settings import HOME_VARIABLE, Settings

PROGRAM = """
import dagster as dg, banana_assets.definitions as d
found = d.defs()
found = found() if callable(found) else found
graph = found.resolve_asset_graph()
found.resolve_all_job_defs()
print(len(graph.materializable_asset_keys), len(list(found.jobs)), len(list(found.sensors)), len(list(found.schedules)))
"""


class Loading:
    """The child process; it works while other checks are made."""

    def __init__(self, settings: Settings) -> None:
        told = os.environ | {HOME_VARIABLE: str(settings.home), "DAGSTER_DISABLE_TELEMETRY": "yes"}
        self._child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=told,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def ended(self, seconds: float) -> tuple[int, str, str]:
        """Exit status, stdout and stderr, once it has ended. Raises subprocess.TimeoutExpired where it does not."""
        out, err = self._child.communicate(timeout=seconds)
        return self._child.returncode, out, err
