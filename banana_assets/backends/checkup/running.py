"""Running the checks one after the other: what one raises is what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from banana_assets.backends.checkup import places
from banana_assets.backends.checkup.check import Check, Found, Place, Step, failed, skipped
from banana_assets.backends.checkup.loading import Loading
from banana_assets.backends.scratch import scratch_folder
from banana_assets.backends.settings import find_home, load_from
from banana_assets.core.errors import BananaError, SettingsError, StoreError
from banana_assets.core.text import cut

QUICK = (
    Step("packages", "places:packages"),
    Step("home", "places:home"),
    Step("disk", "places:disk"),
    Step("clock", "places:clock"),
    Step("sqlite", "places:sqlite"),
    Step("records", "records:records"),
    Step("records schema", "records:schema", needs=("records",)),
    Step("records write", "records:write", needs=("records",)),
    Step("tables", "tables:tables"),
    Step("write and read", "writing:write_and_read", needs=("home",)),
    Step("search index", "tables:search_index"),
    Step("parse", "working:parse"),
    Step("mine", "working:mine"),
    Step("diagnose", "working:diagnose"),
    Step("plan", "working:plan", needs=("diagnose",)),
    Step("server secret", "places:server_secret"),
    Step("cut off", "places:cut_off"),
    Step("definitions", "definitions:found"),
)
FULL = (
    Step("language models", "services:models"),
    Step("meaning", "services:meaning"),
    Step("meilisearch", "services:meilisearch"),
    Step("webhooks", "services:webhooks"),
    Step("daemon", "services:daemon", needs=("definitions",)),
)
LONGEST_SAID = 600


def checkup(*, full: bool = False, tell: Callable[[str], None] = lambda name: None) -> Iterator[Check]:
    """Every check as it is made; ``tell`` hears the name of each before. Leaves nothing behind.

    Without ``full`` nothing outside this machine is asked.
    """
    home = find_home()
    tell("settings")
    began = time.monotonic()
    try:
        settings = load_from(home)
    except SettingsError as error:
        yield _check("settings", failed(error.message, error.remedy), began)
        for step in _steps(full=full):
            yield _check(step.name, skipped("the settings cannot be read"), time.monotonic())
        return
    yield _check("settings", places.settings(settings), began)
    stands: dict[str, str] = {}
    # Dagster takes seconds to load: it does while the other checks are made.
    with Loading(settings) as loading, _scratch(home) as scratch:
        place = Place(settings, scratch, loading, whole=full)
        for step in _steps(full=full):
            tell(step.name)
            began = time.monotonic()
            check = _check(step.name, _made(step, place, stands), began)
            stands[step.name] = check.status
            yield check


def _steps(*, full: bool) -> tuple[Step, ...]:
    return (*QUICK, *(FULL if full else ()))


def _made(step: Step, place: Place, stands: dict[str, str]) -> Found:
    missing = [name for name in step.needs if stands[name] in ("failed", "skipped")]
    if missing:
        return skipped(f"{missing[0]} {'failed' if stands[missing[0]] == 'failed' else 'was skipped'}")
    try:
        # Imported here: where a package is broken, one check fails, and the others still tell.
        module, _, name = step.look.partition(":")
        look: Callable[[Place], Found] = getattr(import_module(f"{__package__}.{module}"), name)
        return look(place)
    except BananaError as error:
        return failed(error.message, error.remedy)
    except Exception as error:  # noqa: BLE001 whatever is broken here is what is looked for, and is told as it is
        said = cut(" ".join(str(error).split()) or "no reason given", LONGEST_SAID)
        return failed(f"{type(error).__name__}: {said}", "Install banana-assets anew; if it stays, report it.")


def _check(name: str, found: Found, began: float) -> Check:
    return Check(name, found.status, found.said, found.remedy, time.monotonic() - began, found.details)


@contextmanager
def _scratch(home: Path) -> Iterator[Path | None]:
    """A temporary folder in the home, None where there can be none; folders made for it are removed with it."""
    made = [folder for folder in (home / "tmp", home, *home.parents) if not folder.exists()]
    try:
        with _maybe(home) as folder:
            yield folder
    finally:
        for empty in made:
            try:
                empty.rmdir()
            except OSError:
                # Never made, or somebody put something there meanwhile.
                break


@contextmanager
def _maybe(home: Path) -> Iterator[Path | None]:
    opened = scratch_folder(home)
    try:
        folder: Path | None = opened.__enter__()
    except StoreError:
        # The check of the home says why.
        folder = None
    try:
        yield folder
    finally:
        if folder is not None:
            opened.__exit__(None, None, None)
