"""Taking in what ``banana record`` spooled: the run that just ended, and those whose recorder was killed."""

from __future__ import annotations

import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from banana_assets.backends.ingest.build_rows import Facts, Saved, Series, fingerprint_of, save_builds
from banana_assets.backends.ingest.content import Content
from banana_assets.backends.ingest.resources import read_csv
from banana_assets.backends.ingest.samples import encode
from banana_assets.backends.ingest.scanning import store_log
from banana_assets.backends.lines import Oddities
from banana_assets.backends.scratch import is_orphan
from banana_assets.backends.spool import Recording
from banana_assets.backends.store import Store
from banana_assets.core.builds.junit import parse_junit
from banana_assets.core.builds.results import TestResult, merge_attempts
from banana_assets.core.errors import InputError


def store_recording(store: Store, spool: Path, complaints: list[str]) -> tuple[str, Saved]:
    """Store the build of a spool and remove the spool; the build's id and whether it was new.

    ``complaints`` receives a sentence for each test report that could not be used. Raises StoreError when it cannot be
    stored, and InputError when the spool is damaged; it stays then.
    """
    recording = _read(spool)
    log = Content(str(spool / "output.log"), lambda: (spool / "output.log").open("rb"))
    blob, oddities = store_log(store, log) if (spool / "output.log").is_file() else (None, Oddities())
    started = datetime.fromisoformat(recording.started_at)
    finished = datetime.fromisoformat(recording.finished_at) if recording.finished_at else _last_change(spool)
    facts = Facts(
        build_id=recording.build_id,
        fingerprint=fingerprint_of([recording.build_id, recording.started_at]),
        pipeline=recording.pipeline,
        job=recording.job,
        status=recording.status,
        origin="record",
        branch=recording.branch,
        commit_sha=recording.commit,
        exit_code=recording.exit_code,
        command=recording.command,
        started_at=started,
        finished_at=finished,
        log=blob,
        oddities=oddities,
        tests=_tests(recording, started, complaints),
        series=_series(store, spool, recording),
        path=recording.folder,
    )
    saved = save_builds(store, [facts])[0]
    shutil.rmtree(spool, ignore_errors=True)
    return recording.build_id, saved


def recover_recordings(store: Store, complaints: list[str]) -> list[str]:
    """Store the recordings whose recorder is gone, as builds with the status that they reached; the ids."""
    folder = store.settings.home / "recording"
    recovered = []
    for spool in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not spool.is_dir() or not is_orphan(spool):
            continue
        if not (spool / "recording.json").is_file():
            # Its recorder was killed before the command began.
            shutil.rmtree(spool, ignore_errors=True)
            continue
        try:
            build_id, _ = store_recording(store, spool, complaints)
        except InputError as error:
            complaints.append(str(error))
            continue
        recovered.append(build_id)
    return recovered


def _read(spool: Path) -> Recording:
    try:
        return Recording(**json.loads((spool / "recording.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"The recording in {spool} is damaged: {error}.", "Remove that folder.") from error


def _last_change(spool: Path) -> datetime:
    changed = max((f.stat().st_mtime for f in spool.iterdir()), default=spool.stat().st_mtime)
    return datetime.fromtimestamp(changed, UTC)


def _tests(recording: Recording, started: datetime, complaints: list[str]) -> tuple[TestResult, ...]:
    """The tests of the reports that this run wrote; older ones are of an earlier run."""
    found: list[TestResult] = []
    matched = False
    for pattern in recording.junit:
        for path in (
            sorted(Path(recording.folder).glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
        ):
            try:
                # File systems keep times less finely than the clock does.
                if path.stat().st_mtime < started.timestamp() - 2:
                    continue
                matched = True
                found += parse_junit(path.read_bytes())
            except InputError as error:
                complaints.append(f"{path}: {error}")
            except OSError as error:
                complaints.append(f"{path} cannot be read: {error.strerror}.")
    if recording.junit and not matched and recording.status != "error":
        complaints.append(f"The command wrote no test report that matches {', '.join(recording.junit)}.")
    return merge_attempts(found)


def _series(store: Store, spool: Path, recording: Recording) -> Series | None:
    path = spool / "readings.csv"
    if not path.is_file():
        return None
    # A recorder that was killed may have left half a line.
    whole = path.read_bytes()
    whole = whole[: whole.rfind(b"\n") + 1]
    if whole.count(b"\n") < 2:
        return None
    frame = read_csv(Content.of_bytes(str(path), whole)).frame
    return Series.of(recording.pipeline, frame, store.blobs.write(io.BytesIO(encode(frame))))
