"""Checks of where Banana lives: settings, packages, folder, disk, clock, SQLite, secrets."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import time
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import banana_assets
from banana_assets.backends.checkup.check import Found, Place, failed, ok, skipped, warning
from banana_assets.backends.settings import Settings, explain, variables
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.evidence import plural
from banana_assets.core.units import quantity

ADDRESSES = {
    "ollama_url": "http://localhost:11434",
    "openai_base_url": "http://localhost:8080/v1",
    "chroma_url": "http://localhost:8000",
    "meilisearch_url": "http://localhost:7700",
    "github_url": "https://api.github.com",
    "gitlab_url": "https://gitlab.com/api/v4",
}
"""Settings that are addresses of the web, with how such a one is written."""
NO_SETTINGS = {"BANANA_API_KEY", "BANANA_PROGRESS"}
"""Variables that single commands read."""
ALIKE = 0.85
LEAST_FREE, LITTLE_FREE = 64 << 20, 1 << 30
"""Bytes: below the first nothing can be computed, below the second somebody should look."""
FEW_INODES = 2_000
SKEW_SECONDS = 5.0
LEAST_SECRET = 16
FIXED_SQLITE = (3, 51, 3)
"""Without the WAL-reset bug that can corrupt a database (https://sqlite.org/wal.html#walresetbug)."""
PATCHED_SQLITE = {(3, 50): 7, (3, 44): 6}
"""Older lines into which the mend was taken, with their first good release."""


def settings(found: Settings) -> Found:
    """Readable, addresses of the web where those belong, no name mistyped; and where those that are set come from."""
    every = explain(found)
    rows = [row for row in every if row.source != "default"]
    for row in rows:
        if row.name in ADDRESSES and row.value and not re.match(r"https?://[^/]", str(row.value)):
            return failed(
                f"{row.name} is {str(row.value)!r}, from {row.source}: that is no address",
                f"Write it as {ADDRESSES[row.name]}.",
            )
    known = {variable for row in every for variable in variables(row.name)} | NO_SETTINGS
    for name in sorted(n for n in os.environ if n.startswith("BANANA_") and n not in known):
        if near := get_close_matches(name, known, 1, ALIKE):
            return warning(f"the environment variable {name} sets nothing", f"Did you mean {near[0]}?")
    return ok(
        f"{plural(len(rows), 'setting')} set, the others as they come; the home is {found.home}",
        *(f"{row.name} from {row.source}" for row in rows),
    )


def packages(place: Place) -> Found:
    """Python, and every package that is needed."""
    needed = requires("banana-assets") or []
    absent = []
    # A requirement with a marker is for another machine, or for an extra.
    for name in (re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needed if ";" not in line):
        try:
            version(name)
        except PackageNotFoundError:
            absent.append(name)
    python = ".".join(map(str, sys.version_info[:3]))
    if absent:
        return failed(f"{', '.join(absent)} not installed", f"Run `pip install {' '.join(absent)}`.")
    return ok(
        f"banana-assets {banana_assets.__version__} on Python {python}, {plural(len(needed), 'package')} asked for"
    )


def home(place: Place) -> Found:
    """There, or to be made; and files can be written, flushed and removed in it."""
    folder = place.settings.home
    remedy = "Mend its permissions, or set BANANA_HOME to a folder of yours."
    if folder.exists() and not folder.is_dir():
        return failed(f"{folder} is no folder", "Set BANANA_HOME to a folder of yours.")
    if place.scratch is None:
        return failed(f"{folder} cannot be written", remedy)
    probe = place.scratch / "probe"
    try:
        with probe.open("wb") as file:
            file.write(os.urandom(4096))
            file.flush()
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as error:
        return failed(f"{folder} cannot be written: {error.strerror}", remedy)
    return ok(f"{folder} can be written")


def disk(place: Place) -> Found:
    """Room for bytes and files."""
    folder = _there(place.settings.home)
    usage, counted = shutil.disk_usage(folder), os.statvfs(folder)
    said = f"{quantity(usage.free, 'bytes')} free of {quantity(usage.total, 'bytes')}"
    remedy = f"Free some room under {folder}, or set BANANA_HOME to a folder on another disk."
    if usage.free < LEAST_FREE:
        return failed(f"only {said}", remedy)
    if usage.free < LITTLE_FREE:
        return warning(f"only {said}", remedy)
    # Some file systems count no files and say 0.
    if counted.f_files and counted.f_favail < FEW_INODES:
        return warning(f"{said}, but room for {counted.f_favail:,} more files alone", remedy)
    return ok(said)


def clock(place: Place) -> Found:
    """Not before this program was made, and the same as that of the disk."""
    now = time.time()
    made = Path(banana_assets.__file__).stat().st_mtime
    remedy = "Set the clock, for instance with `timedatectl set-ntp true`."
    if made > now + 86400:
        return failed(f"the clock is {(made - now) / 86400:.0f} days before this program was installed", remedy)
    if place.scratch is None:
        return ok(_time(now))
    probe = place.scratch / "clock"
    before = time.time()
    probe.touch()
    apart = probe.stat().st_mtime - before
    probe.unlink()
    if abs(apart) > SKEW_SECONDS:
        return warning(f"the disk's clock is {apart:+.0f} s from this machine's", remedy)
    return ok(_time(now))


def _time(now: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))


def sqlite(place: Place) -> Found:
    """The library that reads the records is none with a known way to corrupt them."""
    module = sqlite_module()
    found, name = module.sqlite_version, module.__name__
    if safe_sqlite(module.sqlite_version_info):
        return ok(f"SQLite {found} of {name}")
    fixed = ".".join(map(str, FIXED_SQLITE))
    return warning(
        f"SQLite {found} of {name}, older than {fixed}: two processes that write at once may damage a database",
        "Run `pip install --upgrade pysqlite3`; where there is none newer, BANANA_DATABASE_URL takes Postgres.",
    )


def safe_sqlite(version: tuple[int, int, int]) -> bool:
    """Whether that version of SQLite is without the WAL-reset bug."""
    major, minor, patch = version
    return version >= FIXED_SQLITE or patch >= PATCHED_SQLITE.get((major, minor), sys.maxsize)


def server_secret(place: Place) -> Found:
    """What keys are stored under is nobody else's to read."""
    from banana_assets.backends.keys import SECRET_BYTES, SECRET_FILE

    config = place.settings.home / "config.toml"
    if _others_read(config) and any(r.value == "****" and r.source == "config.toml" for r in explain(place.settings)):
        return failed(f"others can read {config}, which holds secrets", f"Run `chmod 600 {config}`.")
    told = place.settings.server_secret
    if told is not None:
        if len(told.get_secret_value()) < LEAST_SECRET:
            return failed(
                f"BANANA_SERVER_SECRET has fewer than {LEAST_SECRET} characters",
                "Set it to random text, for instance of `openssl rand -hex 32`; keys have to be made anew then.",
            )
        return ok("told by the settings")
    path = place.settings.home / SECRET_FILE
    if not path.exists():
        return ok("none yet; it is made with the first key")
    if _others_read(path):
        return failed(f"others can read {path}", f"Run `chmod 600 {path}`, and make new keys.")
    if path.stat().st_size != SECRET_BYTES:
        return failed(f"{path} is damaged", f"Run `rm {path}` and make new keys: `banana keys create NAME`.")
    return ok(f"{path} is its owner's alone")


def _others_read(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except (FileNotFoundError, NotADirectoryError):
        return False


def cut_off(place: Place) -> Found:
    """What processes that were killed left to be taken in."""
    from banana_assets.backends.sample_spool import FOLDER
    from banana_assets.backends.scratch import is_orphan

    waiting = {"recording": "`banana record`", FOLDER: "`banana watch`"}
    left = {
        word: sum(1 for f in folder.iterdir() if "~" in f.name and is_orphan(f))
        for name, word in waiting.items()
        if (folder := place.settings.home / name).is_dir()
    }
    told = [f"{count:,} of {word}" for word, count in left.items() if count]
    if told:
        return warning(
            f"{' and '.join(told)} cut off and not taken in yet",
            "The next `banana ingest builds PATH` takes in the first, `banana ingest resources PATH` the second.",
        )
    return ok("nothing waits to be taken in") if left else skipped("nothing was recorded here")


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(f for f in (folder, *folder.parents) if f.exists())
