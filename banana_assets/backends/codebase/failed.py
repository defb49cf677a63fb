"""What changed before a build of the store failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banana_assets.backends.codebase.changing import Changes, changed
from banana_assets.core.codebase.suspects import Cause

if TYPE_CHECKING:
    from banana_assets.backends.lookup import BuildDetail
    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.tables import Tables


@dataclass(frozen=True, slots=True)
class BuildChanges:
    """A build (a row of BUILDS), the last green one of its job before it, and what changed between the two."""

    build: dict[str, Any]
    green: dict[str, Any] | None
    changes: Changes


def build_changes(store: ReadingStore, tables: Tables, told: str, root: Path | str) -> BuildChanges:
    """What changed before the build of that id (or a part of it) failed, in the repository that ``root`` is in.

    Raises InputError when there is no such build, or no such folder.
    """
    # The store's libraries take long to load, and reading a code base needs none of them.
    from banana_assets.backends.lookup import build_detail

    detail = build_detail(store, tables, told)
    build = detail.build
    if build["status"] not in ("failed", "error"):
        why = f"The build {build['build_id']} did not fail: its status is {build['status']}."
        return BuildChanges(build, detail.green, Changes(None, build["commit_sha"], why))
    if detail.green is None:
        why = f"No build of {build['pipeline']}/{build['job']} was green before {build['build_id']}."
        return BuildChanges(build, None, Changes(None, build["commit_sha"], why))
    cause = cause_of(detail.failure, failed_tests(detail)) if detail.failure else Cause()
    return BuildChanges(build, detail.green, changed(root, detail.green["commit_sha"], build["commit_sha"], cause))


def cause_of(failure: Mapping[str, Any], failed: Sequence[str]) -> Cause:
    """What explains a failed build (a row of BUILD_FAILURES), and the tests that failed, as changes are held against
    it."""
    return Cause(
        lines=tuple(failure["cause_text"].split("\n")[:400]),
        around=tuple(failure["pack"].split("\n")[:400]),
        failing_tests=tuple(dict.fromkeys([*failure["failing_tests"], *failed]))[:100],
        category=failure["category"],
        tool=failure["tool"],
    )


def failed_tests(detail: BuildDetail) -> list[str]:
    """The titles of the tests that failed to the end."""
    return [test["title"] for test in detail.failing if test["status"] != "flaky"]
