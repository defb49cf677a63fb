"""The steps of a CI log: what ran, from which line to which, and how it ended.

GitHub Actions and Azure Pipelines print groups, GitLab sections, Travis folds and the status of every command; Jenkins
prints stages. Where a system prints none of it, the whole log is one step.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.hints import Hits, search

_COMMAND_ENDED = re.compile(
    # Travis says how every command ended; the quoted command may go over several lines
    r"^(?:The command \"(?P<travis>.*)\"|.*\") (?:exited with|failed and exited with) (?P<code>\d+)"
    r"(?: during \w+)?\.?$|^The command \"(?P<retry>.*)\" failed\. Retrying"
)
_EXIT = re.compile(
    r"^(?:Process completed with exit code (?P<a>-?\d+)\.?$"  # GitHub Actions
    r"|ERROR: Job failed: (?:exit (?:code|status) (?P<b>\d+)|.*)$"  # GitLab
    r"|Cmd\.exe exited with code '(?P<c>\d+)'\.$|Bash exited with code '(?P<d>\d+)'\.$"  # Azure Pipelines
    r"|Command exited with code (?P<e>\d+)$"  # AppVeyor
    r"|Exited with code (?:exit status )?(?P<f>\d+)$"  # CircleCI
    r"|.*Error: The command exited with status (?P<g>\d+)$"  # Buildkite
    r"|(?:Done\. )?Your build exited with (?P<h>\d+)\.?$"  # Travis
    r"|Build step '.*' marked build as failure$|script returned exit code (?P<i>\d+)$|ERROR: script returned exit code (?P<j>\d+)$"  # Jenkins
    r"|\[taskcluster\] Exit Code: (?P<k>\d+)$|Unsuccessful task run with exit code: (?P<l>\d+) .*)"  # Taskcluster
)
_WHOLE = re.compile(r"^(?:Done\. )?Your build exited|^ERROR: Job failed|^\[taskcluster\]|^Unsuccessful task run")
"""Said of the whole job, after its steps."""
_TRAVIS = re.compile(r"travis_(?P<kind>fold|time):(?P<edge>start|end):(?P<name>[\w.:-]+)")
_SECTION = re.compile(r"section_(?P<edge>start|end):(?P<time>\d+):(?P<name>[\w.-]+)")
_STAGE = re.compile(r"^\[Pipeline\] (?:\{ \((?P<name>.+)\)|(?P<end>\}|// stage))$")
_PROMPT = re.compile(r"^\$ (?P<command>\S.*)$")


@dataclass(slots=True)
class Step:
    """A step of the build: lines ``first`` to ``last`` (1-based), its nested steps, and its exit status where known."""

    name: str
    first: int
    last: int
    exit_code: int | None = None
    failed: bool = False
    steps: list[Step] = field(default_factory=list)

    def walk(self) -> Iterable[Step]:
        """This step and all below it, in order of appearance."""
        yield self
        for step in self.steps:
            yield from step.walk()


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the log says that a command or the job ended with a status other than zero (0-based line)."""

    line: int
    exit_code: int | None
    retried: bool = False
    whole: bool = False


ENDING_HINTS = ("exited with", "exit code", "exit status", "job failed", "marked build", "failed. retrying")
"""One of these, in some spelling of case, stands in every line that says how a command or job ended."""

_ENDING_HINTS = frozenset(ENDING_HINTS)


def endings(log: CleanLog, hits: Hits | None = None) -> list[Ending]:
    """The places where something is said to have failed with an exit status, in order.

    ``hits`` spares the search for ``ENDING_HINTS`` where somebody did it already.
    """
    found = []
    candidates = search(log.series, ENDING_HINTS) if hits is None else hits
    for i, _ in candidates.of(lambda kind: not _ENDING_HINTS.isdisjoint(kind)):
        text = log.texts[i]
        match = _COMMAND_ENDED.match(text)
        if match:
            if match["retry"] is not None:
                found.append(Ending(i, None, retried=True))
            elif int(match["code"]):
                found.append(Ending(i, int(match["code"])))
            continue
        match = _EXIT.match(text)
        if match:
            code = next((int(g) for g in match.groups() if g), None)
            if code != 0:
                found.append(Ending(i, code, whole=bool(_WHOLE.match(text))))
    return found


def steps(log: CleanLog, ends: Sequence[Ending]) -> Step:
    """The step tree: a root over the whole log with what the CI system marked below it; ``ends`` are its ``endings``."""
    root = Step("", 1, max(1, len(log)))
    stack = [root]
    failures = {e.line: e for e in ends if not e.retried and not e.whole}
    if not failures:
        failures = {i: Ending(i, None) for i, marker in log.markers.items() if marker == "error"}

    def close(line: int) -> None:
        if len(stack) > 1:
            stack.pop().last = max(1, line)

    for i in _boundaries(log, failures):
        number, text, marker = i + 1, log.texts[i], log.markers.get(i, "")
        if i in failures and len(stack) >= 1:
            current = stack[-1]
            if current is root and root.steps and root.steps[-1].last >= number - 1:
                current = root.steps[-1]
            current.failed, current.exit_code = True, failures[i].exit_code
            current.last = max(current.last, number)
            for part in log.controls.get(i, ()):
                _control(part, "", number, stack, close)
            continue
        for part in log.controls.get(i, ()):
            _control(part, text, number, stack, close)
        if marker in ("group", "section", "command") and text:
            # Groups of these systems do not nest: a new one ends the one before it.
            if marker == "command" and stack[-1] is not root:
                continue
            while len(stack) > 1:
                close(number - 1)
            _open(stack, text, number)
            # A group holds the command; what it prints follows after the group's end and belongs to the step.
        elif (stage := _STAGE.match(text)) is not None:
            if stage["name"]:
                _open(stack, stage["name"], number)
            else:
                close(number)
        elif (prompt := _PROMPT.match(text)) is not None and len(stack) <= 2:
            if stack[-1] is not root and stack[-1].name.startswith("$ "):
                close(number - 1)
            _open(stack, "$ " + prompt["command"], number)
    while len(stack) > 1:
        close(len(log))
    return root


def _boundaries(log: CleanLog, failures: Iterable[int]) -> list[int]:
    marked = {i for i, m in log.markers.items() if m in ("group", "section", "command")}
    prompts = (log.series.str.starts_with("$ ") | log.series.str.starts_with("[Pipeline]")).arg_true().to_list()
    return sorted(marked.union(prompts, failures, log.controls))


def _open(stack: list[Step], name: str, number: int) -> None:
    step = Step(name[:200], number, number)
    stack[-1].steps.append(step)
    stack.append(step)


def _control(part: str, text: str, number: int, stack: list[Step], close: object) -> None:
    section = _SECTION.search(part)
    if section is not None:
        if section["edge"] == "start":
            _open(stack, text.strip() or section["name"], number)
        elif len(stack) > 1:
            stack.pop().last = number
        return
    for travis in _TRAVIS.finditer(part):
        if travis["kind"] == "time":
            if travis["edge"] == "end" and len(stack) > 1 and stack[-1].name.startswith("$ "):
                stack.pop().last = number
        elif travis["edge"] == "start":
            _open(stack, travis["name"], number)
        else:
            while len(stack) > 1:
                name = stack[-1].name
                stack.pop().last = number
                if name == travis["name"]:
                    break


def failing_step(root: Step) -> Step | None:
    """The innermost step that is said to have failed; the first of several, since later ones often follow from it."""
    failed = [step for step in root.walk() if step.failed and step is not root]
    return failed[0] if failed else None
