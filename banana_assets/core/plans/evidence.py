"""What a model is handed: numbered lines, each with the place or row that it stands for.

An answer cites the numbers. What a number stands for is decided here, so that a model can cite nothing that is not
there. Lines of logs that only surround the cause are handed over as their shape, without what varies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from banana_assets.core.builds.fingerprint import masked
from banana_assets.core.evidence import Citation
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.case import Case, often
from banana_assets.core.plans.needs import Room
from banana_assets.core.plans.quotes import Log
from banana_assets.core.plans.subjects import Subject
from banana_assets.core.plans.types import Plan, Subtask, TableRow
from banana_assets.core.safety.repeating import ours
from banana_assets.core.safety.untrusted import suspicions
from banana_assets.core.text import cut

LONGEST_LINE = 300
MOST_CAUSE, MOST_AROUND = 24, 24
"""Lines of the log that explain the failure, and lines around them, that are handed over."""

LEFT_OUT = "(left out: it reads like an instruction)"


@dataclass(frozen=True)
class Line:
    """One line of evidence; ``citation`` or ``rows`` say what it stands for, none for what was asked."""

    text: str
    citation: Citation | None = None
    rows: tuple[TableRow, ...] = ()
    own: bool = False
    """Whether we wrote it ourselves, or were asked it."""


@dataclass(frozen=True)
class Evidence:
    """The lines in order; line 1 is the first."""

    lines: tuple[Line, ...]

    @property
    def data(self) -> str:
        """The lines as the data of a request; each is one line of it."""
        return "\n".join(" ".join(line.text.splitlines()) for line in self.lines)

    @property
    def own(self) -> str:
        """What of the data nobody else wrote; a model may say it as its own."""
        theirs = "\n".join(line.text for line in self.lines if not line.own)
        return ours((line.text for line in self.lines if line.own), theirs)

    def line(self, number: int) -> Line | None:
        """The line of that number, where it stands for something."""
        if not 1 <= number <= len(self.lines):
            return None
        line = self.lines[number - 1]
        return line if line.citation or line.rows else None


def failure_evidence(
    case: Case, log: Log | None, floor: Plan, ask: Ask, there: Sequence[Room], similar: Sequence[str] = ()
) -> Evidence:
    """What bears on one failure. ``floor`` is the plan without a model, ``similar`` what was seen before."""
    rows = (TableRow("failure_clusters", case.cluster_id), TableRow("build_failures", case.build_id))
    tool = f", by {case.tool}" if case.tool else ""
    tests = [f"failing test: {name}" for name in case.failing_tests[:8]]
    came_with = [Line(f"came with the commits {case.change}", rows=rows)] if case.change else []
    return Evidence(
        (
            _ours(f"failure: {case.category}, {case.confidence:.0%} sure{tool}", rows),
            Line(f"failure: {case.reason}", rows=rows),
            _ours(f"failure: {case.place}, {often(case)}", rows),
            *(Line(text, rows=rows) for text in tests),
            _ours(f"runs as: {case.rerun}", rows),
            *came_with,
            *_log_lines(case, log),
            *_needs(case, there),
            *(Line(f"seen before: {text}") for text in similar[:4]),
            *_known(floor.subtasks),
            *_asked(ask),
        )
    )


def goal_evidence(found: Sequence[Subject], floor: Plan, ask: Ask, there: Sequence[Room]) -> Evidence:
    """What bears on a goal: each thing with its lines."""
    lines = []
    for subject in found[:8]:
        lines.append(Line(f"{subject.kind}: {_cut(subject.fact)}", rows=subject.rows))
        for citation in subject.citations[:3]:
            lines += _quoted(citation, exact=True)
    return Evidence((*lines, *(_room(room) for room in there), *_known(floor.subtasks), *_asked(ask)))


def _ours(text: str, rows: tuple[TableRow, ...] = ()) -> Line:
    return Line(text, rows=rows, own=True)


def _log_lines(case: Case, log: Log | None) -> Iterator[Line]:
    cause = [n for c in case.citations for n in range(c["first_line"], c["last_line"] + 1)][:MOST_CAUSE]
    around = [n for n in _pack_numbers(case.pack) if n not in set(cause)][:MOST_AROUND]
    for number in sorted({*cause, *around}):
        citation = log.citation(case.build_id, number, number) if log else None
        if citation is not None:
            yield from _quoted(citation, exact=number in set(cause))


def _quoted(citation: Citation, *, exact: bool) -> Iterator[Line]:
    for place, text in enumerate(citation["quote"].split("\n")):
        number = citation["first_line"] + place
        if not text.strip():
            continue
        shown = LEFT_OUT if suspicions(text) else _cut(text if exact else masked(text))
        own = Citation(
            build_id=citation["build_id"],
            sha256=citation["sha256"],
            first_line=number,
            last_line=number,
            quote=text,
        )
        yield Line(f"{'cause' if exact else 'log'}: {shown}", citation=own)


def _pack_numbers(pack: str) -> Iterable[int]:
    for line in pack.split("\n"):
        head, _, _ = line.partition(":")
        if head.isdigit():
            yield int(head)


def _needs(case: Case, there: Sequence[Room]) -> Iterator[Line]:
    needs = ", ".join(f"{need.type} {need.amount:g} {need.unit}" for need in case.needs)
    if needs:
        yield _ours(f"the job was measured to need at most: {needs}")
    if case.run_minutes is not None:
        yield _ours(f"the job takes {case.run_minutes:.3g} minutes")
    yield from (_room(room) for room in there)


def _room(room: Room) -> Line:
    return _ours(f"by forecast {room.source} has {room.free:.3g} of {room.limit:.3g} {room.unit} of {room.type} left")


def _known(steps: Sequence[Subtask]) -> Iterator[Line]:
    for n, step in enumerate(steps, 1):
        yield _ours(f"known method, step {n}: {step.type}, {step.estimated_minutes:g} min: {_cut(step.description)}")


def _asked(ask: Ask) -> Iterator[Line]:
    if ask.goal:
        yield _ours(f"asked goal: {_cut(ask.goal)}")
    if ask.context:
        yield _ours(f"asked context: {_cut(ask.context)}")
    for constraint in ask.constraints:
        yield _ours(f"asked constraint: {_cut(constraint)}")
    if ask.preferred_approach:
        yield _ours(f"asked approach: {_cut(ask.preferred_approach)}")
    yield _ours(f"asked: at most {ask.max_subtasks} steps")


def _cut(text: str) -> str:
    one = " ".join(text.split())
    return cut(one, LONGEST_LINE)
