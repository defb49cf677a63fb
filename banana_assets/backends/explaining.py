"""A build of the store explained: its log, the reports beside it, and the last green build to compare it with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from banana_assets.core.builds.greens import last_green
from banana_assets.core.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.core.builds.diagnosis import Diagnosis


def build_lines(store: ReadingStore, build_id: str) -> list[str]:
    """The lines of a build's log. Raises InputError when it has none."""
    from banana_assets.backends.lines import texts_of

    with store.open_build_log(build_id) as stream:
        return texts_of(stream)


def diagnosed(
    store: ReadingStore, build: dict[str, Any], builds: pl.DataFrame, budget: int, against: Sequence[str] | None = None
) -> tuple[Diagnosis, str | None]:
    """Why a build (a row of BUILDS) failed, and the id of the build that it was compared with.

    That is the last green one of the same job before it, of its branch where there is one, and none when the lines of
    another log are given. Raises InputError when the build has no log.
    """
    # The rules of the diagnosis take a while to compile, and who looks at stored ones needs none.
    from banana_assets.core.builds.diagnosis import diagnose

    if build["log_sha256"] is None:
        raise InputError(f"The build {build['build_id']} came without a log.", "Ingest its log, or choose another one.")
    green = last_green(builds, build, log=True) if against is None else None
    if green is not None:
        against = build_lines(store, green["build_id"])
    found = diagnose(
        build_lines(store, build["build_id"]),
        budget=budget,
        exit_code=build["exit_code"],
        against=against,
        reported=store.problems_of(build["build_id"]),
    )
    return found, green["build_id"] if green else None
