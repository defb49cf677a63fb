"""How a build ended, told from its log alone."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from banana_assets.core.builds.cleaning import CleanLog, clean
from banana_assets.core.builds.findings import findings
from banana_assets.core.builds.steps import Ending, endings
from banana_assets.core.builds.tools.table import FAILURE


@dataclass(frozen=True, slots=True)
class Outcome:
    """Status (one of ``vocabulary.BUILD_STATUSES``), exit status, times written by the CI system, and what said so."""

    status: str
    exit_code: int | None
    started_at: datetime | None
    finished_at: datetime | None
    reason: str

    @property
    def unsaid(self) -> bool:
        """Whether the log does not say how the build ended, so that it counts as success for want of a word."""
        return self.status == "success" and self.exit_code is None


_CANCELLED = re.compile(
    r"^(?:The operation was canceled\.?|A task was canceled\.?|The run was canceled by @.*|Aborted by .*|Finished: ABORTED|ERROR: Job failed: canceled"
    r"|Done: Job Cancelled|.*Your build (?:has been|was) cancel?led.*)$"
)
_ERRORED = re.compile(
    r"^(?:Your build has been stopped\.|The job exceeded the maximum (?:time limit|log length).*|Your build exited with errors?\..*"
    r"|ERROR: Job failed \(system failure\).*|The hosted runner.* lost communication.*|The self-hosted runner.* lost communication.*)$"
)
_SUCCESS = re.compile(
    r"^(?:(?:Done\. )?Your build exited with 0\.?|Finished: SUCCESS|Job succeeded|BUILD SUCCESS(?:FUL)?(?: in .*)?|\[INFO\] BUILD SUCCESS"
    r"|Build success|Build succeeded\.?|\[taskcluster\] Successful task run.*)$"
)
_FAILURE = re.compile(
    r"^(?:Finished: (?:FAILURE|UNSTABLE)|BUILD FAILED(?: in .*)?|\[(?:INFO|ERROR)\] BUILD FAILURE|FAILURE: Build failed with an exception\."
    r"|npm ERR! .*|npm error .*|make(?:\[\d+\])?: \*\*\* .*|error: could not compile .*|Traceback \(most recent call last\):"
    r"|=+ .*\b\d+ (?:failed|errors?)\b.*=+|FAILED \((?:failures|errors)=.*\)|Tests:\s+\d+ failed.*|test result: FAILED.*|FAIL(?:\s.*)?"
    r"|fatal: .*|Result: FAIL|Errors while running CTest|\d+% tests passed, [1-9]\d* tests? failed out of \d+|error Command failed with exit code \d+\..*|ERROR: failed to solve:.*|FAILED: .*|error(?:\[E\d+\])?: .*|ERROR: .*)$"
)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?(Z|[+-]\d\d:?\d\d)?")
_EPOCH = re.compile(r"(?:section_(?:start|end):(\d{9,11}):)|(?:travis_time:end:\w+:start=(\d{19}),finish=(\d{19}))")


def infer_outcome(lines: Sequence[str]) -> Outcome:
    """Status, exit status and times of a build from its raw log lines (split at LF).

    What the CI system says decides; without a word from it, what the tools say at the end; without that, a detailed
    report of a failure anywhere. A log with none of it counts as success, with a reason that says so.
    """
    log = clean(lines)
    ends = endings(log)
    outcome = outcome_of(log, ends)
    if outcome.unsaid:
        found = [f for f in findings(log, ends) if f.weight >= FAILURE - 6]
        if found:
            reason = f"line {found[-1].anchor + 1}: {log.texts[found[-1].anchor].strip()[:100]}"
            return replace(outcome, status="failed", reason=reason)
    return outcome


def outcome_of(log: CleanLog, ends: Sequence[Ending]) -> Outcome:
    """The same for a log that is cleaned already, with its ``endings``."""
    started, finished = _times(log)
    status, code, reason = _status(log, [e for e in ends if not e.retried])
    return Outcome(status, code, started, finished, reason)


def _status(log: CleanLog, ends: Sequence[Ending]) -> tuple[str, int | None, str]:
    tail = max(0, len(log) - 400)
    for i in range(len(log) - 1, tail - 1, -1):
        if _CANCELLED.match(log.texts[i]):
            return "cancelled", None, f"line {i + 1} says that it was cancelled"
        if _ERRORED.match(log.texts[i]):
            return "error", None, f"line {i + 1}: {log.texts[i][:100]}"
    if ends:
        first = ends[0]
        code = next((e.exit_code for e in ends if e.exit_code), first.exit_code)
        return "failed", code, f"line {first.line + 1}: {log.texts[first.line][-100:]}"
    errors = [i for i, marker in log.markers.items() if marker == "error"]
    if errors:
        return "failed", None, f"line {errors[-1] + 1} is marked as an error by the CI system"
    for i in range(len(log) - 1, tail - 1, -1):
        text = log.texts[i].strip()
        if _SUCCESS.match(text):
            return "success", 0, f"line {i + 1}: {text[:100]}"
        if _FAILURE.match(text):
            return "failed", None, f"line {i + 1}: {text[:100]}"
    return "success", None, "nothing in the log says that it failed"


def _times(log: CleanLog) -> tuple[datetime | None, datetime | None]:
    first, last = _parsed(log.times[0]), _parsed(log.times[1])
    if first is not None and last is not None:
        return first, last
    epochs: list[float] = []
    for parts in log.controls.values():
        for part in parts:
            for match in _EPOCH.finditer(part):
                epochs += [int(match[1])] if match[1] else [int(match[2]) / 1e9, int(match[3]) / 1e9]
    if epochs:
        return datetime.fromtimestamp(min(epochs), UTC), datetime.fromtimestamp(max(epochs), UTC)
    return None, None


def _parsed(stamp: str) -> datetime | None:
    match = _STAMP.search(stamp)
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0'):0<6}{zone or 'Z'}").astimezone(UTC)
    except ValueError:
        return None
