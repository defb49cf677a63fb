"""The Dagster instance in the home folder: its runs, events and daemon state."""

from __future__ import annotations

import os
from pathlib import Path

from banana_assets.backends.settings import Settings
from banana_assets.core.errors import StoreError

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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "dagster.yaml"
        if not file.exists():
            temporary = folder / f".dagster.yaml.{os.getpid()}"
            temporary.write_text(DAGSTER_YAML, encoding="utf-8")
            temporary.replace(file)
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be written: {error.strerror}.", "Set BANANA_HOME to a folder of yours."
        ) from error
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder
