"""Finding builds: which files of a folder or archive are the log, the reports and the readings of which build."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from banana_assets.backends.ingest.archives import Member
from banana_assets.backends.ingest.content import Content, joined
from banana_assets.backends.ingest.manifest import NAMES, Row, find_manifest
from banana_assets.backends.ingest.naming import job_names, numbered, without_endings
from banana_assets.backends.ingest.paths import is_log_name
from banana_assets.core.errors import InputError

Opener = Callable[[Path], Content]

_REPORT = re.compile(
    r"(?:junit|TEST-|test-results?|results?[-_.]|report[-_.]?junit).*\.xml$|.*[-_.]junit\.xml$", re.IGNORECASE
)
_REPORT_FOLDERS = ("test-results", "test-reports", "surefire-reports", "junit", "reports")
_NUMBERED = re.compile(r"(?P<number>\d+)_(?P<name>.+)\.txt")


@dataclass(frozen=True)
class Candidate:
    """A build that was found: its names, its files, and what a manifest says of it. ``run`` tells the runs of a job
    apart, ``reports`` are reports of tests and analysers found beside it, ``listed`` those that its manifest names."""

    path: str
    pipeline: str
    job: str
    run: str
    origin: str
    log: Content | None = None
    reports: tuple[Content, ...] = ()
    listed: tuple[Content, ...] = ()
    resources: Content | None = None
    row: Row | None = None


def of_folder(folder: Path, names: Sequence[str], opened: Opener) -> Iterator[Candidate | InputError]:
    """The builds of the logs directly in a folder (``names``: the files there), without a manifest."""
    beside = _Beside.of(folder, names)
    for name in beside.logs:
        try:
            yield _of_log(folder / name, beside, opened)
        except InputError as error:
            yield error


def of_file(path: Path, opened: Opener) -> list[Candidate]:
    """The builds of one file that was named: of a log, or of the logs that a report belongs to.

    Raises InputError for a report that belongs to no log.
    """
    if str(path) == "-":
        return [Candidate("standard input", "stdin", "stdin", "-", "folder", log=opened(path))]
    if path.suffix.lower() != ".xml" and not is_sarif(path.name):
        return [_of_log(path, _Beside.of(path.parent), opened)]
    for folder in path.absolute().parents[:4]:
        beside = _Beside.of(folder)
        logs = [folder / name for name in beside.logs]
        of = [log for log in logs if any(r.resolve() == path.resolve() for r in beside.reports_of(log))]
        if of:
            return [_of_log(log, beside, opened) for log in of]
    kind = "report of an analyser" if is_sarif(path.name) else "test report"
    raise InputError(f"{path} is a {kind} without a log.", "Put it beside its log, or list both in a manifest.")


def _of_log(path: Path, beside: _Beside, opened: Opener) -> Candidate:
    pipeline, job = job_names(path.absolute())
    reports = tuple(opened(report) for report in beside.reports_of(path))
    return Candidate(str(path), pipeline, job, path.name, "folder", log=opened(path), reports=reports)


@dataclass(frozen=True)
class _Beside:
    """The logs of a folder (their names), and the reports in it."""

    logs: tuple[str, ...]
    reports: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path, names: Sequence[str] | None = None) -> _Beside:
        if names is None:
            names = [entry.name for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith(".")]
        logs = [n for n in numbered(names) if is_log_name(n, json_logs=False)]
        return cls(tuple(logs), tuple(_reports(folder, names)))

    def reports_of(self, log: Path) -> list[Path]:
        """Those that carry the log's name; all of them, where it is the folder's only log."""
        only = len(self.logs) == 1 and self.logs[0] == log.name
        return [report for report in self.reports if only or belongs(report, log)]


def _reports(folder: Path, names: Sequence[str]) -> list[Path]:
    """Reports of a folder: XML and SARIF files beside the logs, and in the folders where tools write them."""
    found = [folder / n for n in sorted(names) if n.lower().endswith(".xml") or is_sarif(n)]
    for name in _REPORT_FOLDERS:
        if (folder / name).is_dir():
            found += sorted(p for p in (folder / name).rglob("*.*") if p.suffix == ".xml" or is_sarif(p.name))
    return [p for p in found if _is_report(p.name) or p.parent != folder or any(belongs(p, folder / n) for n in names)]


def is_sarif(name: str) -> bool:
    """Whether the name is that of an analyser's report in SARIF."""
    return name.lower().endswith((".sarif", ".sarif.json"))


def _is_report(name: str) -> bool:
    return is_sarif(name) or _REPORT.match(name) is not None


def belongs(report: Path, log: Path) -> bool:
    """Whether a report carries the name of the log, alone or with the usual additions."""
    stem = without_endings(log.name)
    bare = Path(report.stem).stem if report.name.lower().endswith(".sarif.json") else report.stem
    name = re.sub(r"^(?:TEST|junit)[-_.]|[-_.](?:junit|tests?|results?|report)$", "", bare, flags=re.IGNORECASE)
    return (report.suffix.lower() == ".xml" or is_sarif(report.name)) and (
        name == stem or stem in report.parent.parts[-1:]
    )


def of_manifest(path: Path, rows: Iterable[Row], opened: Opener) -> Iterator[Candidate | InputError]:
    """The builds that a manifest lists; an InputError stands for a build whose files cannot be found."""
    folder = path.parent
    for row in rows:
        try:
            log = _inside(folder, row.log, row) if row.log else None
            pipeline, job = job_names((log or folder / "x").absolute())
            yield Candidate(
                str(log or row.where),
                row.pipeline or pipeline,
                row.job or (row.pipeline if log is None and row.pipeline else job),
                row.log or "",
                "folder",
                log=opened(log) if log else None,
                listed=tuple(opened(p) for pattern in row.reports for p in _matches(folder, pattern, row)),
                resources=opened(_inside(folder, row.resources, row)) if row.resources else None,
                row=row,
            )
        except InputError as error:
            yield error


def _inside(folder: Path, name: str, row: Row) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{row.where}, names {name!r}, which is outside of its folder.", "Keep the files beside the manifest."
        )
    if not path.is_file():
        raise InputError(f"{row.where}, names {name!r}, which does not exist.", "Mend the name, or add the file.")
    return path


def _matches(folder: Path, pattern: str, row: Row) -> list[Path]:
    if not any(c in pattern for c in "*?["):
        return [_inside(folder, pattern, row)]
    if Path(pattern).is_absolute():
        raise InputError(f"{row.where}, has an absolute pattern {pattern!r}.", "Write it relative to the manifest.")
    found = [_inside(folder, str(p.relative_to(folder)), row) for p in sorted(folder.glob(pattern)) if p.is_file()]
    if not found:
        raise InputError(f"{row.where}, names {pattern!r}, which matches nothing.", "Mend the pattern.")
    return found


def of_archive(inside: PurePath, archive: str, members: Sequence[Member]) -> list[Candidate]:
    """The builds of an archive without a manifest: in one of GitHub Actions a build for each job, else one a log.

    GitHub writes the whole log of a job as ``0_job.txt`` and again, step by step, as ``job/1_step.txt``
    (https://docs.github.com/rest/actions/workflow-runs#download-workflow-run-logs): it is taken once.
    Raises InputError for an archive without logs.
    """
    jobs = _actions_jobs(members)
    pipeline = job_names(inside / "-")[0]
    if jobs:
        return [
            Candidate(f"{archive}!{name}", pipeline, name, f"{inside.name}/{name}", "archive", log=log)
            for name, log in jobs.items()
        ]
    logs = [m for m in members if m.log]
    if not logs:
        raise InputError(f"{archive} holds no logs.", "Name an archive of CI logs.")
    found = []
    for member in logs:
        own, job = job_names(inside / member.path)
        reports = tuple(
            m.content
            for m in members
            if belongs(Path(m.path), Path(member.path)) or (len(logs) == 1 and _is_report(m.path.name))
        )
        run = f"{inside.name}/{member.path}"
        found.append(Candidate(member.content.name, own, job, run, "archive", log=member.content, reports=reports))
    return found


def _actions_jobs(members: Sequence[Member]) -> dict[str, Content]:
    """Job name to log, when the names are those of GitHub Actions; empty otherwise."""
    whole: dict[str, Member] = {}
    steps: dict[str, list[tuple[int, Member]]] = {}
    for member in members:
        match = _NUMBERED.fullmatch(member.path.name)
        depth = len(member.path.parts)
        if match and depth == 1:
            whole[match["name"]] = member
        elif match and depth == 2:
            steps.setdefault(member.path.parts[0], []).append((int(match["number"]), member))
        elif not (member.path.name == "system.txt" and depth == 2):
            return {}
    jobs = {name: member.content for name, member in whole.items()}
    # Slashes in a job's name are left out of the names of its files.
    plain = {re.sub(r"\W", "", name) for name in whole}
    for name, parts in steps.items():
        if re.sub(r"\W", "", name) not in plain:
            ordered = [member.content for _, member in sorted(parts, key=lambda part: part[0])]
            jobs[name] = joined(name, ordered)
    return jobs


def governing_manifest(path: Path) -> Path | None:
    """The nearest manifest in the folder of a file or above it, a few folders up; None where there is none."""
    for folder in path.absolute().parents[:4]:
        found = find_manifest(folder)
        if found is not None:
            return found
    return None


def mentions(row: Row, folder: Path, path: Path) -> bool:
    """Whether a row of the manifest in that folder names the file."""
    named = [folder / name for name in (row.log, row.resources) if name]
    for pattern in row.reports:
        named += folder.glob(pattern) if not Path(pattern).is_absolute() else []
    return path.resolve() in {p.resolve() for p in named}


def is_manifest(path: PurePath | PurePosixPath) -> bool:
    """Whether the name is that of a manifest."""
    return path.name in NAMES
