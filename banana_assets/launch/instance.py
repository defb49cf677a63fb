"""The Dagster instance in the home folder: its runs, events and daemon state."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
from filelock import FileLock

from banana_assets.backends.settings import Settings
from banana_assets.core.errors import StoreError

LOCK_SECONDS = 120
DAGSTER_YAML = """\
# Written by `banana`; yours to edit.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    default_limit: 4
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
"""


def prepare(settings: Settings) -> Path:
    """Make the instance's folder and point DAGSTER_HOME and BANANA_HOME at it; answers the folder.

    A DAGSTER_HOME that is set already is used as it is.
    """
    os.environ["BANANA_HOME"] = str(settings.home)
    folder = Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster")
    os.environ["DAGSTER_HOME"] = str(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Two processes that make an instance's databases at once leave them with two heads of their migrations.
        with FileLock(folder / ".lock", timeout=LOCK_SECONDS):
            file = folder / "dagster.yaml"
            if not file.exists():
                file.write_text(DAGSTER_YAML, encoding="utf-8")
            if not (folder / "history").exists():
                with dg.DagsterInstance.get():
                    pass
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be written: {error.strerror}.", "Set BANANA_HOME to a folder of yours."
        ) from error
    return folder
