"""The folder of a run that is being recorded: its log, its readings and what is known of it, as they come."""

from __future__ import annotations

import json
import shlex
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from banana_assets.backends.sampling import Readings
from banana_assets.backends.scratch import owned_name


@dataclass(frozen=True)
class Labels:
    """How the build is called; ``junit`` are globs of test reports that the command writes."""

    pipeline: str
    job: str
    branch: str | None = None
    commit: str | None = None
    junit: tuple[str, ...] = ()


@dataclass
class Recording:
    """A run, as the spool keeps it. Times are ISO 8601; ``exit_code`` is negative for a signal."""

    build_id: str
    command: str
    folder: str
    pipeline: str
    job: str
    branch: str | None
    commit: str | None
    junit: list[str] = field(default_factory=list)
    started_at: str = ""
    finished_at: str | None = None
    exit_code: int | None = None
    status: str = "error"


class Spool:
    """The folder of a recording. What cannot be written there is given up, and said at the end."""

    def __init__(self, home: Path, command: Sequence[str], labels: Labels) -> None:
        self.complaint = ""
        self.folder: Path | None = home / "recording" / f"{owned_name()}{uuid.uuid4().hex[:8]}"
        self.recording = Recording(
            build_id=uuid.uuid4().hex[:16],
            command=shlex.join(command),
            folder=str(Path.cwd()),
            pipeline=labels.pipeline,
            job=labels.job,
            branch=labels.branch,
            commit=labels.commit,
            junit=list(labels.junit),
            started_at=datetime.now(UTC).isoformat(),
        )
        self.log: BinaryIO | None = None
        self.readings: IO[str] | None = None
        with self._giving_up():
            self.folder.mkdir(parents=True)
            self._write_recording()
            self.log = (self.folder / "output.log").open("wb", buffering=0)
            self.readings = (self.folder / "readings.csv").open("w", encoding="utf-8")
            self.readings.write("ts,metric,value\n")

    def add_output(self, data: bytes) -> None:
        """Add to the log."""
        if self.log is not None and data:
            with self._giving_up():
                self.log.write(data)

    def add_readings(self, at: datetime, readings: Readings) -> None:
        """Add the readings of one moment."""
        if self.readings is not None:
            with self._giving_up():
                self.readings.writelines(f"{at.isoformat()},{metric},{value!r}\n" for metric, value in readings.items())
                self.readings.flush()

    def finish(self, exit_code: int, *, cancelled: bool) -> None:
        """Write down how it ended."""
        self.recording.finished_at = datetime.now(UTC).isoformat()
        self.recording.exit_code = exit_code
        self.recording.status = "success" if exit_code == 0 else "cancelled" if cancelled else "failed"
        if self.log is not None and self.readings is not None:
            with self._giving_up():
                self.log.close()
                self.readings.close()
                self._write_recording()

    def discard(self) -> None:
        """Leave nothing behind."""
        for file in (self.log, self.readings):
            if file is not None:
                file.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _write_recording(self) -> None:
        assert self.folder is not None
        new = self.folder / "recording.json.new"
        new.write_text(json.dumps(asdict(self.recording)), encoding="utf-8")
        new.replace(self.folder / "recording.json")

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.complaint = self.complaint or f"{self.folder} cannot be written: {error.strerror}"
            self.log = self.readings = None
