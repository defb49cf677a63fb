"""Taking in builds: folders of CI logs with a manifest or none, archives of logs, single logs.

What the manifest does not say is told from the names of files and folders and from the log itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from banana_assets.backends.ingest import candidates as find
from banana_assets.backends.ingest.archives import members
from banana_assets.backends.ingest.build_rows import Facts, Series, facts_fingerprint, id_of, save_builds
from banana_assets.backends.ingest.candidates import Candidate
from banana_assets.backends.ingest.content import Content, check_text, from_path
from banana_assets.backends.ingest.endings import ended
from banana_assets.backends.ingest.manifest import Row, find_manifest, is_of_builds, read_manifest
from banana_assets.backends.ingest.naming import archive_name
from banana_assets.backends.ingest.paths import expand, is_archive_name, walk
from banana_assets.backends.ingest.report import Item, Outcome, Progress, Report
from banana_assets.backends.ingest.resources import series_of
from banana_assets.backends.ingest.scanning import store_log
from banana_assets.backends.lines import Oddities
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading
from banana_assets.backends.scratch import scratch_folder, sweep
from banana_assets.backends.store import Store
from banana_assets.core.builds.junit import parse_junit
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.results import TestResult, merge_attempts
from banana_assets.core.builds.sarif import parse_sarif
from banana_assets.core.errors import InputError

BATCH_BUILDS = 100
BATCH_BYTES = 64 << 20

Found = TypeVar("Found")


@dataclass(frozen=True)
class Told:
    """What a person says of all builds of one ingestion; it fills what nothing else tells."""

    pipeline: str | None = None
    job: str | None = None
    branch: str | None = None
    commit: str | None = None


def ingest_builds(
    store: Store, paths: Iterable[Path | str], *, told: Told | None = None, progress: Progress | None = None
) -> Report:
    """Take in builds: paths of folders, manifests, archives, logs, globs, or ``-``.

    What cannot be used is in the report, the rest goes in. Raises StoreError when the store itself fails; what was
    committed before stays.
    """
    report = Report(progress=progress)
    store.blobs.sweep()
    sweep(store.settings.home / "tmp")
    with scratch_folder(store.settings.home) as scratch:
        taking = _Taking(store, report, told or Told(), scratch)
        for path in map(Path, paths):
            if str(path) != "-" and path.is_dir():
                taking.folder(path)
                continue
            for found in expand([path], json_logs=False):
                if isinstance(found, InputError):
                    report.refuse("", found)
                else:
                    taking.file(found.path)
        taking.commit()
    return report


class _Taking:
    def __init__(self, store: Store, report: Report, told: Told, scratch: Path) -> None:
        self.store, self.report, self.told, self.scratch = store, report, told, scratch
        self.pending: list[Facts] = []
        self.size = 0

    def opened(self, path: Path) -> Content:
        return from_path(path, self.store.settings, self.scratch)

    def folder(self, folder: Path) -> None:
        """Take the builds of a folder and of the folders below."""
        by_folder: dict[Path, list[str]] = {}
        for found in walk(folder, json_logs=False):
            if isinstance(found, InputError):
                self.report.refuse(str(folder), found)
            else:
                by_folder.setdefault(found.path.parent, []).append(found.path.name)
        if not by_folder and not self.report.items:
            self.report.refuse(str(folder), InputError(f"The folder {folder} holds no files.", "Check the path."))
        listed: set[Path] = set()
        manifests: set[Path] = set()
        for place in sorted(by_folder):
            try:
                manifest = find_manifest(place)
            except InputError as error:
                self.report.refuse(str(place), error)
                by_folder[place] = []
                continue
            if manifest is not None:
                listed |= self.manifest(manifest)
                manifests.add(place)
        for place, names in sorted(by_folder.items()):
            free = [n for n in names if (place / n).resolve() not in listed]
            if manifests.intersection((place, *place.parents)):
                self.aside(place, [n for n in free if not find.is_manifest(Path(n))], "its manifest does not list it")
                continue
            for name in (n for n in free if is_archive_name(n)):
                self.archive(place / name)
            self.take_all(find.of_folder(place, free, self.opened))

    def aside(self, place: Path, names: Sequence[str], why: str) -> None:
        for name in names:
            if name.lower().endswith((".log", ".log.gz", ".txt", ".txt.gz")):
                self.report.add(Item(str(place / name), "aside", message=why))

    def file(self, path: Path) -> None:
        """Take the builds of one file that was named."""
        try:
            if find.is_manifest(path):
                self.manifest(path)
            elif is_archive_name(path.name):
                self.archive(path)
            elif str(path) == "-" or not self.listed(path):
                self.take_all(find.of_file(path, self.opened))
        except InputError as error:
            self.report.refuse(str(path), error)

    def listed(self, path: Path) -> bool:
        """Take the builds of a manifest that names the file, which says more of them; whether there is one."""
        manifest = find.governing_manifest(path)
        if manifest is None:
            return False
        data = self.opened(manifest).whole()
        if not is_of_builds(manifest, data):
            return False
        rows = read_manifest(manifest, data)
        of = [row for row in rows if find.mentions(row, manifest.parent, path)]
        self.take_all(find.of_manifest(manifest, of, self.opened))
        return bool(of)

    def manifest(self, path: Path) -> set[Path]:
        """Take the builds that a manifest lists; returns the files that it names."""
        try:
            rows = read_manifest(path, self.opened(path).whole())
        except InputError as error:
            self.report.refuse(str(path), error)
            # Without its manifest nobody knows which builds these logs are of.
            return {p.resolve() for p in path.parent.rglob("*")}
        self.take_all(find.of_manifest(path, rows, self.opened))
        return {
            (path.parent / name).resolve() for row in rows for name in (row.log, row.resources, *row.reports) if name
        }

    def archive(self, path: Path) -> None:
        """Take all builds of an archive, or none of them."""
        self.commit()
        with scratch_folder(self.store.settings.home) as scratch:
            try:
                found = find.of_archive(
                    archive_name(path.absolute()), str(path), members(path, self.store.settings, scratch)
                )
                taken = [self.prepare(candidate) for candidate in found]
            except InputError as error:
                self.report.refuse(str(path), error)
                return
            for facts in taken:
                self.accept(facts)
            self.commit()

    def take_all(self, found: Iterable[Candidate | InputError]) -> None:
        for candidate in found:
            if isinstance(candidate, InputError):
                self.report.refuse("", candidate)
                continue
            try:
                self.accept(self.prepare(candidate))
            except InputError as error:
                self.report.refuse(candidate.path, error)
            if len(self.pending) >= BATCH_BUILDS or self.size >= BATCH_BYTES:
                self.commit()

    def accept(self, facts: Facts | Item) -> None:
        if isinstance(facts, Item):
            self.report.add(facts)
            return
        self.pending.append(facts)
        self.size += facts.oddities.bytes

    def prepare(self, candidate: Candidate) -> Facts | Item:
        """Bring the files of a build to rest and gather what is told of it; no row is written yet."""
        row = candidate.row or Row("")
        blob, oddities = None, Oddities()
        if candidate.log is not None:
            check_text(candidate.log)
            blob, oddities = store_log(self.store, candidate.log)
            if blob.size == 0 and candidate.row is None:
                return Item(candidate.path, "empty", message="it is empty")
        tests, problems = self.tests(candidate), self.problems(candidate)
        series = self.series(candidate)
        facts = Facts(
            build_id="",
            fingerprint="",
            pipeline=row.pipeline or self.told.pipeline or candidate.pipeline,
            job=row.job or self.told.job or candidate.job,
            status=row.status or "",
            origin=candidate.origin,
            branch=row.branch or self.told.branch,
            commit_sha=row.commit or self.told.commit,
            exit_code=row.exit_code,
            command=row.command,
            url=row.url,
            queued_at=row.queued_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            log=blob,
            oddities=oddities,
            tests=tests,
            problems=problems,
            series=series,
            path=candidate.path,
        )
        facts = replace(
            facts, build_id=row.build_id or _identity(facts, candidate.run), fingerprint=facts_fingerprint(facts)
        )
        if self.is_known(facts):
            return Item(candidate.path, "known", facts.build_id)
        return ended(facts, candidate.log)

    def is_known(self, facts: Facts) -> bool:
        c = t.builds.c
        with reading(self.store.engine) as connection:
            found = connection.execute(sa.select(c.fingerprint).where(c.build_id == facts.build_id)).scalar()
        return found == facts.fingerprint

    def tests(self, candidate: Candidate) -> tuple[TestResult, ...]:
        """The tests of the reports in JUnit's form."""
        return merge_attempts(self.read_reports(candidate, parse_junit, sarif=False))

    def problems(self, candidate: Candidate) -> tuple[Problem, ...]:
        """The problems of the reports in SARIF."""
        return tuple(self.read_reports(candidate, lambda data: parse_sarif(data).problems, sarif=True))

    def read_reports(
        self, candidate: Candidate, parse: Callable[[bytes], Sequence[Found]], *, sarif: bool
    ) -> list[Found]:
        """What stands in the reports of one form. One that a manifest lists must be readable; one found beside the log
        is reported and left out when it is not."""
        found: list[Found] = []
        for report in candidate.listed:
            if find.is_sarif(report.name) == sarif:
                found += _parsed(report, parse)
        for report in candidate.reports:
            if find.is_sarif(report.name) == sarif:
                try:
                    found += _parsed(report, parse)
                except InputError as error:
                    self.report.refuse(report.name, error)
        return found

    def series(self, candidate: Candidate) -> Series | None:
        if candidate.resources is None:
            return None
        return series_of(self.store, candidate.resources, candidate.pipeline)

    def commit(self) -> None:
        """Write the rows of this batch in one transaction."""
        if not self.pending:
            return
        pending, self.pending, self.size = self.pending, [], 0
        outcomes: Sequence[Outcome] = save_builds(self.store, pending)
        for facts, outcome in zip(pending, outcomes, strict=True):
            self.report.add(Item(facts.path or "", outcome, facts.build_id, facts.oddities))


def _parsed(report: Content, parse: Callable[[bytes], Sequence[Found]]) -> Sequence[Found]:
    try:
        return parse(report.whole())
    except InputError as error:
        raise InputError(f"{report.name}: {error.message}", error.remedy) from error


def _identity(facts: Facts, run: str) -> str:
    names = [facts.pipeline, facts.job]
    if facts.url:
        return id_of([*names, facts.url])
    when = [facts.queued_at, facts.started_at]
    told = [facts.branch, facts.commit_sha, run, *when]
    return id_of([*names, *told, None if any(when) or facts.log is None else facts.log.sha256])
