"""One distinct failure, with what its lines name, as the planner sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from banana_assets.core.advice.facts import Facts
from banana_assets.core.evidence import Citation


@dataclass(frozen=True)
class Case:
    """A cluster of failures with its latest one (``build_id``, ``fingerprint``...) and how often it came."""

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

    @property
    def place(self) -> str:
        """The job, for people."""
        return " / ".join(dict.fromkeys(p for p in (self.pipeline, self.job) if p)) or "the build"

    @property
    def rerun(self) -> str:
        """How to run the failing part again."""
        if self.command:
            return f"`{self.command}`"
        return f"step {self.failing_step} of {self.place}" if self.failing_step else self.place

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

    def says(self, pattern: str) -> bool:
        """Whether the cause lines, reason or tool hold a pattern (regular expression, any case)."""
        return re.search(pattern, f"{self.text}\n{self.reason}\n{self.tool or ''}", re.IGNORECASE) is not None


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names in backquotes: ``a``, ``b`` and 4 more."""
    shown = ", ".join(f"`{n}`" for n in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


_RUNNERS: tuple[tuple[str, str], ...] = (
    (r"pytest", "pytest '{first}'"),
    (r"unittest", "python -m unittest {first}"),
    (r"jest", "npx jest -t '{first}'"),
    (r"vitest", "npx vitest run -t '{first}'"),
    (r"mocha", "npx mocha --grep '{first}'"),
    (r"\bgo(?: test)?\b", "go test -run '^{leaf}$' ./..."),
    (r"cargo|rust", "cargo test {first} -- --exact"),
    (r"rspec", "bundle exec rspec -e '{first}'"),
    (r"phpunit", "vendor/bin/phpunit --filter '{leaf}'"),
    (r"gradle", "./gradlew test --tests '{first}'"),
    (r"maven|mvn|surefire|junit", "mvn -Dtest='{leaf}' test"),
    (r"dotnet", "dotnet test --filter '{leaf}'"),
    (r"ctest|cmake", "ctest -R '^{first}$' --output-on-failure"),
)


def test_command(case: Case) -> str | None:
    """The command that runs the first failing test alone, where the tool is known."""
    if not case.failing_tests or not case.tool:
        return None
    first = case.failing_tests[0]
    leaf = re.split(r"::|[./#\s]", first.strip())[-1] or first
    for pattern, command in _RUNNERS:
        if re.search(pattern, case.tool, re.IGNORECASE):
            return command.format(first=first, leaf=leaf)
    return None
