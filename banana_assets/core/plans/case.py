"""One distinct failure, with what its lines name, as the planner sees it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from banana_assets.core.advice.citing import cause_citations
from banana_assets.core.advice.facts import Facts, locations
from banana_assets.core.evidence import Citation, plural
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.places import facts, framed, is_foreign, own_places, raising
from banana_assets.core.plans.types import Requirement
from banana_assets.core.safety.secrets import mask
from banana_assets.core.safety.untrusted import suspicions, tidy

NEAR = 85.0
LONGEST_NAMED = 1000
_COMMANDS = re.compile(
    r"\|\s*(?:sudo\s+)?\w*sh\b|\$\(|`|\b(?:curl|wget|iwr|invoke-webrequest)\b.*://|\brm\s+-\w*[rf]|>\s*/(?:dev|etc)/",
    re.IGNORECASE,
)
"""What a name that is copied into a shell would do."""
_TELLERS = frozenset({"shell", "make", "network", "timeout"})
_NUMBER = re.compile(r"^\d+: ", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A cluster of failures with its latest one (``build_id``, ``fingerprint``...) and how often it came.

    What is named here comes from logs: it is masked and tidied, and what reads like an instruction is not named.
    """

    cluster_id: str
    fingerprint: str
    build_id: str
    category: str
    confidence: float
    reason: str
    text: str
    facts: Facts
    failing_tests: tuple[str, ...]
    tool: str | None
    failing_step: str | None
    exit_code: int | None
    failed_at: datetime
    citations: tuple[Citation, ...]
    builds: int
    pipeline: str
    job: str
    command: str | None
    limit_near: tuple[str, ...] = ()
    build_ids: tuple[str, ...] = ()
    pack: str = ""
    log_sha256: str = ""
    resolved_by: str | None = None
    last_green_build: str | None = None
    last_green_commit: str | None = None
    first_commit: str | None = None
    first_seen: datetime | None = None
    jobs: int = 1
    folder: str | None = None
    needs: tuple[Requirement, ...] = ()
    run_minutes: float | None = None
    by_chance: str | None = None

    @property
    def place(self) -> str:
        """The job, for people."""
        return " / ".join(dict.fromkeys(p for p in (self.pipeline, self.job) if p)) or "the build"

    @property
    def rerun(self) -> str:
        """How to run the failing part again."""
        if self.command:
            return f"`{self.command}`"
        return f"the step `{self.failing_step}` of {self.place}" if self.failing_step else self.place

    def fact(self, kind: str, otherwise: str) -> str:
        """The first fact of a kind in backquotes, or the words for when the lines do not name it."""
        found = self.facts.first(kind)
        return f"`{found}`" if found else otherwise

    @property
    def where(self) -> str:
        """`` at file:line``, or nothing."""
        return f" at {self.facts.where}" if self.facts.where else ""

    @property
    def file(self) -> str | None:
        """The first file that the lines name."""
        return self.facts.where.rsplit(":", 1)[0] if self.facts.where else None

    @property
    def raised(self) -> tuple[str, ...]:
        """``file:line`` of the code of the project, no test's, that raised what failed; empty where no stack says."""
        return tuple(place for place in raising(self.text) if trusted(place))

    @property
    def foreign(self) -> str | None:
        """The first ``file:line`` where the lines name none of the project, only what it uses."""
        there = () if self.facts.locations else locations(self.text)
        return next((place for place in there if is_foreign(place) and trusted(place)), None)

    @property
    def program(self) -> str | None:
        """The tool that failed; None where it only is what tells of the failure (a shell, a make file, a clock)."""
        return None if self.tool in _TELLERS else self.tool

    @property
    def change(self) -> str | None:
        """The commits that it came with, from the last green one to the first that failed; None where not known."""
        if self.last_green_commit and self.first_commit and self.last_green_commit != self.first_commit:
            return f"{self.last_green_commit[:12]}..{self.first_commit[:12]}"
        return None

    def says(self, pattern: str) -> bool:
        """Whether the cause lines, reason or tool hold a pattern (regular expression, any case)."""
        return re.search(pattern, f"{self.text}\n{self.reason}\n{self.tool or ''}", re.IGNORECASE) is not None


def cases(known: Knowledge, build_ids: Iterable[str] | None = None) -> list[Case]:
    """The distinct failures of these builds (all unless told), the one seen latest first.

    A failure that is in no cluster (a build that was cancelled) is one of its own.
    """
    failures = clustered(known.failures, known.clusters)
    if build_ids is not None:
        mine = failures.filter(pl.col("build_id").is_in(list(build_ids)))["cluster_id"].unique()
        failures = failures.filter(pl.col("cluster_id").is_in(mine.implode()))
    builds = known.builds.filter(pl.col("build_id").is_in(failures["build_id"].implode()))
    of_build = {row["build_id"]: row for row in builds.iter_rows(named=True)}
    of_cluster = {row["cluster_id"]: row for row in known.clusters.iter_rows(named=True)}
    near = _near_limit(known.predictions)
    found = []
    for (cluster_id,), group in failures.group_by("cluster_id", maintain_order=True):
        row = group.row(-1, named=True)
        ids = tuple(group["build_id"])
        found.append(_case(str(cluster_id), row, ids, of_build, of_cluster.get(cluster_id, {}), near, known))
    return sorted(found, key=lambda c: (c.failed_at, c.build_id), reverse=True)


def clustered(failures: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """The failures (BUILD_FAILURES) by time, with the ``cluster_id`` of each; its fingerprint where it has none."""
    of_build = clusters.select("cluster_id", build_id="builds").explode("build_id").unique("build_id")
    known = failures.join(of_build, on="build_id", how="left")
    return known.with_columns(pl.coalesce("cluster_id", "fingerprint")).sort("failed_at", "build_id")


def _case(
    cluster_id: str,
    row: Mapping[str, Any],
    ids: tuple[str, ...],
    builds: Mapping[str, Mapping[str, Any]],
    cluster: Mapping[str, Any],
    near: tuple[str, ...],
    known: Knowledge,
) -> Case:
    build = builds.get(row["build_id"], {})
    job = (build.get("pipeline") or "", build.get("job") or "")
    text = shown(row["cause_text"])
    # A log that came from a folder of logs: newer builds of the job come there too.
    path = build.get("path") if build.get("origin") == "folder" else None
    command = _name(build.get("command"))
    of_job = command is not None or not row["failing_step"]
    return Case(
        cluster_id=cluster_id,
        fingerprint=row["fingerprint"],
        build_id=row["build_id"],
        category=row["category"],
        confidence=row["confidence"],
        reason=shown(row["reason"]) if trusted(row["reason"]) else "the cited lines say so",
        text=text,
        facts=_facts(text, shown(row["reason"]), row["category"], row["pack"]),
        failing_tests=tuple(shown(name) for name in row["failing_tests"] or () if trusted(name)),
        tool=row["tool"],
        failing_step=_name(row["failing_step"]),
        exit_code=row["exit_code"],
        failed_at=row["failed_at"],
        citations=cause_citations(dict(row)),
        builds=len(ids),
        pipeline=job[0],
        job=job[1],
        command=command,
        limit_near=near,
        build_ids=ids,
        pack=row["pack"],
        log_sha256=row["log_sha256"],
        resolved_by=cluster.get("resolved_by"),
        last_green_build=cluster.get("last_green_build"),
        last_green_commit=_name(cluster.get("last_green_commit")),
        first_commit=_name(cluster.get("first_commit")),
        first_seen=cluster.get("first_seen"),
        jobs=len(cluster.get("jobs") or (1,)),
        folder=str(PurePosixPath(path).parent) if path else None,
        # What was measured is of the whole job: one step of it, run alone, is not that.
        needs=known.needs.get(job, ()) if of_job else (),
        run_minutes=known.minutes.get(job) if of_job else None,
        by_chance=_by_chance(row["failing_tests"] or (), job[0], known.flaky),
    )


def _facts(text: str, reason: str, category: str, pack: str) -> Facts:
    found = facts(text, reason, category)
    if not found.locations:
        around = shown(_NUMBER.sub("", pack))
        found = Facts(tuple(p for p in own_places(around) if p in framed(around)), found.named)
    named = {kind: tuple(v for v in values if trusted(v)) for kind, values in found.named.items()}
    return Facts(tuple(v for v in found.locations if trusted(v)), {k: v for k, v in named.items() if v})


def _by_chance(tests: Sequence[str], pipeline: str, flaky: pl.DataFrame) -> str | None:
    """How often the failing tests fail by chance, where each of them is known to; None otherwise."""
    now = flaky.filter(pl.col("state") == "flaky", pl.col("pipeline") == pipeline)
    known = {
        _spelled(title): (flakes, runs) for title, flakes, runs in now.select("title", "flakes", "runs").iter_rows()
    }
    wanted = {_spelled(test) for test in tests}
    if not wanted or not wanted <= known.keys():
        return None
    flakes, runs = (sum(known[test][n] for test in wanted) for n in (0, 1))
    return f"by chance in {flakes} of {runs} runs"


def _spelled(test: str) -> str:
    """A test as logs (``tests/test_a.py::test_b``) and reports (``tests.test_a::test_b``) name it alike."""
    return re.sub(r"::|[/\\]", ".", re.sub(r"\.\w{1,4}(?=::)", "", test))


def shown(text: str) -> str:
    """The text as it may be shown: secrets masked, nothing hidden in it."""
    return tidy(mask(text).text)


def trusted(text: str) -> bool:
    """Whether a name from a log may stand in a plan: it reads like a name, not like an instruction or markup."""
    return len(text) <= LONGEST_NAMED and _COMMANDS.search(text) is None and not suspicions(text)


def _name(text: str | None) -> str | None:
    return shown(text) if text and trusted(text) else None


def _near_limit(predictions: pl.DataFrame) -> tuple[str, ...]:
    if not predictions.height:
        return ()
    memory = predictions.filter(pl.col("metric").str.contains("mem") & (pl.col("hi80") >= NEAR))
    # It comes with numpy, and this module is what plans and templates are read with.
    from banana_assets.core.units import is_percentage

    memory = memory.filter(pl.col("metric").map_elements(is_percentage, return_dtype=pl.Boolean))
    peaks = memory.group_by("source", "metric").agg(pl.col("hi80").max()).sort("source", "metric")
    return tuple(f"{metric} of {source} up to {peak:.0f} %" for source, metric, peak in peaks.iter_rows())


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names in backquotes: ``a``, ``b`` and 4 more."""
    named = ", ".join(f"`{n}`" for n in names[:most])
    return f"{named} and {len(names) - most} more" if len(names) > most else named


def often(case: Case) -> str:
    """``Seen in 3 builds of 2 jobs since 2026-03-02.``"""
    jobs = f" of {plural(case.jobs, 'job')}" if case.jobs > 1 else ""
    since = f" since {case.first_seen:%F}" if case.first_seen and case.builds > 1 else ""
    return f"Seen in {plural(case.builds, 'build')}{jobs}{since}."


_RUNNERS: tuple[tuple[str, str, str], ...] = (
    (r"pytest", "pytest {}", "first"),
    (r"unittest", "python -m unittest {}", "first"),
    (r"jest", "npx jest -t {}", "first"),
    (r"vitest", "npx vitest run -t {}", "first"),
    (r"mocha", "npx mocha --grep {}", "first"),
    (r"\bgo(?: test)?\b", "go test -run {} ./...", "^leaf$"),
    (r"cargo|rust", "cargo test {} -- --exact", "first"),
    (r"rspec", "bundle exec rspec -e {}", "first"),
    (r"phpunit", "vendor/bin/phpunit --filter {}", "leaf"),
    (r"gradle", "./gradlew test --tests {}", "first"),
    (r"maven|mvn|surefire|junit", "mvn -Dtest={} test", "leaf"),
    (r"dotnet", "dotnet test --filter {}", "leaf"),
    (r"ctest|cmake", "ctest -R {} --output-on-failure", "^first$"),
)


def test_command(case: Case) -> str | None:
    """The command that runs the first failing test alone, where the tool is known. The name is quoted for a shell."""
    if not case.failing_tests or not case.tool:
        return None
    first = case.failing_tests[0]
    leaf = re.split(r"::|[./#\s]", first.strip())[-1] or first
    for pattern, command, what in _RUNNERS:
        if re.search(pattern, case.tool, re.IGNORECASE):
            return command.format(shlex.quote(what.replace("first", first).replace("leaf", leaf)))
    return None
