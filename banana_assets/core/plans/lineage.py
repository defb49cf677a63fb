"""From a plan's step back to the line of a log, how that line came in, and which run made what lies between."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.text import place
from banana_assets.core.safety.secrets import mask
from banana_assets.core.text import cut, visible

SAID_CHARACTERS = 160
CELL_CHARACTERS = 80
_RUN = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True)
class Written:
    """The materialization that wrote a row: the table's version, when, by which Dagster run (None for one outside of
    Dagster, or before runs were kept), and whether files were joined since."""

    version: int
    at: datetime
    run_id: str | None
    joined: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table that something rests on; ``found`` is false where the table does not hold it any more."""

    table: str
    key: str
    said: str
    found: bool
    written: Written | None = None


@dataclass(frozen=True)
class Ingested:
    """How a log came in: as a build's or an application's, from where, when, under which content address, and the
    materialization by which its row came into the table of what was taken in."""

    kind: str
    name: str
    path: str | None
    origin: str | None
    sha256: str
    lines: int
    arrived_at: datetime
    row: Row


@dataclass(frozen=True)
class Line:
    """A line of a log as it may be shown; ``cited`` tells it from the lines around."""

    number: int
    text: str
    cited: bool


@dataclass(frozen=True)
class Cited:
    """A citation read again: whether the log says it, its lines with some around, where it was found, how the log came
    in."""

    citation: Citation
    holds: bool
    lines: tuple[Line, ...]
    found_in: Row | None
    ingested: Ingested | None


@dataclass(frozen=True)
class StepWhy:
    """What a step rests on; one that cites nothing itself goes on from the steps that it comes after."""

    step_id: str
    description: str
    after: tuple[str, ...]
    cited: tuple[Cited, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Why:
    """The walk from a plan: what it answers, the run that brought it into the table, and its steps."""

    plan_id: str
    goal: str
    made_by: str
    made_at: datetime
    written: Written | None
    subject: Row | None
    steps: tuple[StepWhy, ...]

    @property
    def holds(self) -> bool:
        """Whether every citation does."""
        return all(c.holds for s in self.steps for c in s.cited)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self) | {"holds": self.holds}


def said(row: Mapping[str, Any]) -> str:
    """A row of a table in words, without secrets."""
    if "confidence" in row and "category" in row:
        text = f"{row['category']} ({row['confidence']:.0%}): {row['reason']}"
    else:
        names = ("title", "description", "reason", "named_template", "template", "goal", "name", "metric", "path")
        text = next((str(row[n]) for n in names if row.get(n)), "")
    text = " ".join(mask(text).text.split())
    return cut(text, SAID_CHARACTERS)


def as_text(why: Why) -> str:
    """The walk as indented text, a step after the other."""
    made = f"made {_time(why.made_at)} by {why.made_by}"
    lines = [f"Plan {why.plan_id}: {why.goal}", f"  {made}; {_run('plans', why.written)}"]
    if why.subject:
        lines += [f"  answers {_row(why.subject)}"]
    for step in why.steps:
        lines += ["", f"{step.step_id}  {step.description}"]
        if not step.cited and not step.rows:
            after = ", ".join(step.after)
            lines.append(f"  cites nothing itself: it goes on from {after}" if after else "  cites nothing")
        for cited in step.cited:
            lines += _cited(cited)
        shown = {(c.found_in.table, c.found_in.key) for c in step.cited if c.found_in}
        lines += [f"  rests on {_row(row)}" for row in step.rows if (row.table, row.key) not in shown]
    return "\n".join(lines)


def as_markdown(walks: Sequence[Why]) -> str:
    """Walks from several plans as a Markdown table: step, what is cited, the row it was found in, and the run that
    wrote that row; with links to pages of the Dagster UI."""
    lines = ["| plan and step | rests on | found in | written by |", "| --- | --- | --- | --- |"]
    for walk in walks:
        for step in walk.steps:
            shown = [(_cell(place(c.citation), _first(c)), c.found_in) for c in step.cited]
            found = {(row.table, row.key) for _, row in shown if row}
            shown += [(_cell(row.said, ""), row) for row in step.rows if (row.table, row.key) not in found]
            for said_, row in shown:
                at = f"[{row.table}](/assets/{row.table}) {_code(row.key)}" if row else ""
                run = row.written.run_id if row and row.written else None
                by = f"[{run[:8]}](/runs/{run})" if run and _RUN.fullmatch(run) else ""
                lines.append(f"| {_code(walk.plan_id)} {step.step_id} | {said_} | {at} | {by} |")
    return "\n".join(lines) if len(lines) > 2 else "*no plan that cites anything*"


def _cell(head: str, quote: str) -> str:
    return f"{_code(head)} {_code(quote)}" if quote else _code(head)


def _first(cited: Cited) -> str:
    text = next((line.text.strip() for line in cited.lines if line.cited and line.text.strip()), "")
    return cut(text, CELL_CHARACTERS)


def _code(text: str) -> str:
    """Text in a cell as code, where nothing in it is markup."""
    bare = " ".join(visible(text).split()).replace("`", "'").replace("\\", "\\\\").replace("|", "\\|")
    return f"`{bare}`" if bare else ""


def _cited(cited: Cited) -> list[str]:
    verdict = "the log says so" if cited.holds else "THE LOG DOES NOT SAY SO"
    lines = [f"  cites {place(cited.citation)}: {verdict}"]
    lines += [f"    {'>' if line.cited else ' '} {line.number:>6}| {line.text}" for line in cited.lines]
    if cited.found_in:
        lines.append(f"    found in {_row(cited.found_in)}")
    came = cited.ingested
    if came is None:
        return [*lines, "    its log is not among the ingested ones any more"]
    # That it was taken in from a folder says no more than the path, and a single file is none.
    origin = f" ({came.origin})" if came.origin and came.origin != "folder" else ""
    where = f"from {came.path}{origin}" if came.path else "from no file"
    lines.append(f"    came in as {came.kind} {came.name}, {_time(came.arrived_at)}, {where}")
    lines.append(f"    sha256 {came.sha256}, {came.lines:,} lines")
    return [*lines, f"    {'taken up in ' if came.row.written else ''}{_run(came.row.table, came.row.written)}"]


def _row(row: Row) -> str:
    if not row.found:
        return f"{row.table} {row.key}, which is not there any more"
    told = f": {row.said}" if row.said else ""
    return f"{row.table} {row.key}{told} ({_run(row.table, row.written)})"


def _run(table: str, written: Written | None) -> str:
    if written is None:
        return f"not in the table {table} yet: `banana materialize` writes it"
    by = f"run {written.run_id}" if written.run_id else "outside of a run that is known"
    joined = ", its files joined since" if written.joined else ""
    return f"{table} version {written.version}, {_time(written.at)}, {by}{joined}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
