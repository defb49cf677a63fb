"""How many tests ran, failed and were skipped, as the runners' closing lines count them."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from banana_assets.core.builds.cleaning import CleanLog


@dataclass(frozen=True, slots=True)
class TestCounts:
    """One runner's own count: ``run`` (as that runner counts; JUnit's and unittest's holds skipped ones, others' does
    not), ``failed`` with errors, ``skipped``; ``line`` is 1-based."""

    __test__ = False

    runner: str
    run: int
    failed: int
    skipped: int
    line: int


_HINTS = (
    "tests run:", "ran ", " passed", " failed", " error", " skipped", "tests completed", "tests found", " aborted", " successful", " passing", "ok (",
    "examples,", "tests: ", "test result:", " assertions", "failures: ", "total tests", "tests passed", "total: ",
)  # fmt: skip
_NUMBER = re.compile(
    r"(\d+) (failed|passed|skipped|xfailed|xpassed|errors?|deselected|rerun|todo|pending|total|obsolete|warnings?)\b"
)
_PYTEST = re.compile(
    r"^(?:=+ )?(?P<parts>(?:\d+ \w+,? ?)+)(?:in| in) [\d.]+ ?s(?:econds)?\b.*$|^=+ (?P<none>no tests ran) in .*$"
)
_UNITTEST = re.compile(r"^Ran (\d+) tests? in [\d.]+m?s.*$")
_UNITTEST_END = re.compile(r"^(?:OK|FAILED)(?: \((.*)\))?$")
_JEST = re.compile(r"^\s*Tests:?\s+((?:\d+ \w+(?:, | \| )?)+)(?: ?\(\d+\))?(?:, ?\d+ total)?.*$")
_MAVEN = re.compile(r"^(?:\[\w+\]\s+)?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$")
_GRADLE = re.compile(r"^(\d+) tests? completed(?:, (\d+) failed)?(?:, (\d+) skipped)?$")
_PLATFORM = re.compile(r"^\s*(?:\[junit\]\s+)?\[ +(\d+) tests (found|skipped|aborted|failed|successful) +\]$")
_ANT = re.compile(
    r"^\s*\[junit\] Tests run: (\d+), Failures: (\d+), Errors: (\d+)(?:, Skipped: (\d+))?, Time elapsed: .*$"
)
_JUNIT = re.compile(r"^OK \((\d+) tests?\)$|^Tests run: (\d+), +Failures: (\d+)(?:, +Errors: (\d+))?$")
_MOCHA = re.compile(r"^\s*(\d+) (passing|failing|pending)\b(?: \(.*\))?$")
_KARMA_MOCHA = re.compile(r"^\s*[✔✓ℹ✖] (\d+) tests? (completed|skipped|failed)$")
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;.*$")
_RSPEC = re.compile(
    r"^(\d+) (?:examples?|specs?|tests?), (\d+) failures?(?:, (\d+) (?:pending|skipped|excluded).*)?.*$"
)
_PHPUNIT = re.compile(r"^(?:OK \((\d+) tests?, \d+ assertions?\)|Tests: (\d+), Assertions: \d+(.*))$")
_MINITEST = re.compile(
    r"^(\d+) (?:runs|tests), \d+ assertions, (\d+) failures, (\d+) errors, (\d+) (?:skips|pendings).*$"
)
_SBT = re.compile(
    r"^(?:\[\w+\] )?Passed: Total (\d+), Failed (\d+), Errors (\d+), Passed (\d+)(?:, Skipped (\d+))?.*$|^(?:\[error\] )?Failed: Total (\d+), Failed (\d+), Errors (\d+), Passed (\d+)(?:, (?:Skipped|Ignored) (\d+))?.*$"
)
_DOTNET = re.compile(
    r"^(?:Passed|Failed)!\s+- Failed:\s+(\d+), Passed:\s+(\d+), Skipped:\s+(\d+), Total:\s+(\d+).*$|^Total tests: (\d+)\. Passed: (\d+)\. Failed: (\d+)\. Skipped: (\d+)\..*$|^Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+).*$"
)
_CTEST = re.compile(r"^\d+% tests passed, (\d+) tests? failed out of (\d+)$")


def count_tests(log: CleanLog) -> tuple[TestCounts, ...]:
    """The counts in the log, one a closing line of a runner, in order. A log with several runs has several."""
    lines = log.series.str.contains_any(list(_HINTS), ascii_case_insensitive=True).arg_true().to_list()
    found: list[TestCounts] = []
    state: dict[str, int] = {}
    for i in lines:
        text = log.texts[i]
        if len(text) < 300:
            for read in _READERS:
                counts = read(text, log.texts, i, state)
                if counts is not None:
                    found.append(counts)
                    break
    return _without_partial(found)


def _without_partial(found: Sequence[TestCounts]) -> tuple[TestCounts, ...]:
    """JUnit's text runner inside a build whose own runner counts is a test's output, not a count of the build."""
    runners = {c.runner for c in found}
    inner = {"junit"} if runners & {"gradle", "surefire"} else set()
    return tuple(c for c in found if c.runner not in inner)


def _words(text: str) -> dict[str, int]:
    return {
        word.rstrip("s") if word.startswith("error") else word: int(number) for number, word in _NUMBER.findall(text)
    }


def _pytest(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
    match = _PYTEST.match(text)
    if match is None:
        return None
    n = _words(match["parts"] or "")
    if match["parts"] and not set(n) & {"passed", "failed", "skipped", "error", "xfailed", "xpassed", "deselected"}:
        return None
    run = sum(n.get(k, 0) for k in ("passed", "failed", "xfailed", "xpassed", "error"))
    return TestCounts("pytest", run, n.get("failed", 0) + n.get("error", 0), n.get("skipped", 0), i + 1)


def _unittest(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
    match = _UNITTEST.match(text)
    if match is None:
        return None
    for j in range(i + 1, min(len(texts), i + 12)):
        end = _UNITTEST_END.match(texts[j])
        if end is not None:
            n = dict(re.findall(r"(?i)(\w+)=(\d+)", end[1] or ""))
            low = {key.lower(): int(value) for key, value in n.items()}
            failed = low.get("failures", 0) + low.get("errors", 0)
            return TestCounts("unittest", int(match[1]), failed, low.get("skipped", 0) + low.get("skip", 0), i + 1)
    return TestCounts("unittest", int(match[1]), 0, 0, i + 1)


def _jest(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
    match = _JEST.match(text)
    n = _words(match[1]) if match else {}
    if not n or not set(n) & {"total", "passed", "failed"}:
        return None
    return TestCounts(
        "jest",
        n.get("passed", 0) + n.get("failed", 0),
        n.get("failed", 0),
        n.get("skipped", 0) + n.get("todo", 0),
        i + 1,
    )


def _mocha(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
    match = _MOCHA.match(text)
    if match is None or match[2] != "passing":
        return _karma_mocha(text, texts, i)
    n = {"passing": int(match[1])}
    for j in range(i + 1, min(len(texts), i + 4)):
        more = _MOCHA.match(texts[j])
        if more is None:
            break
        n[more[2]] = int(more[1])
    failing = n.get("failing", 0)
    return TestCounts("mocha", n["passing"] + failing, failing, n.get("pending", 0), i + 1)


def _karma_mocha(text: str, texts: Sequence[str], i: int) -> TestCounts | None:
    """The same by karma's and jest's mocha reporters."""
    match = _KARMA_MOCHA.match(text)
    if match is None or match[2] != "completed":
        return None
    n = {"completed": int(match[1])}
    for j in range(i + 1, min(len(texts), i + 4)):
        more = _KARMA_MOCHA.match(texts[j])
        if more is None:
            break
        n[more[2]] = int(more[1])
    failed = n.get("failed", 0)
    return TestCounts("mocha", n["completed"] + failed, failed, n.get("skipped", 0), i + 1)


def _platform(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
    match = _PLATFORM.match(text)
    if match is None:
        return None
    state[match[2]] = int(match[1])
    if match[2] != "failed":
        return None
    skipped = state.get("skipped", 0) + state.get("aborted", 0)
    counts = TestCounts("junit-platform", state.get("found", 0), state["failed"], skipped, i + 1)
    state.clear()
    return counts


def _simple(
    runner: str, pattern: re.Pattern[str], count: Callable[[list[int]], tuple[int, int, int]]
) -> Callable[..., TestCounts | None]:
    def read(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
        match = pattern.match(text)
        if match is None:
            return None
        # Alternatives of one pattern: only the one that matched has groups.
        groups = [g for g in match.groups() if g is not None]
        run, failed, skipped = count([int(g) if g.isdigit() else 0 for g in groups] + [0] * 5)
        return TestCounts(runner, run, failed, skipped, i + 1)

    return read


def _phpunit(text: str, texts: Sequence[str], i: int, state: dict[str, int]) -> TestCounts | None:
    match = _PHPUNIT.match(text)
    if match is None:
        return None
    n = {key: int(value) for key, value in re.findall(r"(\w+): (\d+)", match[3] or "")}
    return TestCounts(
        "phpunit", int(match[1] or match[2]), n.get("Failures", 0) + n.get("Errors", 0), n.get("Skipped", 0), i + 1
    )


_READERS: tuple[Callable[..., TestCounts | None], ...] = (
    _pytest,
    _unittest,
    _jest,
    _mocha,
    _platform,
    _phpunit,
    _simple("surefire", _MAVEN, lambda n: (n[0], n[1] + n[2], n[3])),
    _simple("gradle", _GRADLE, lambda n: (n[0], n[1], n[2])),
    _simple("ant", _ANT, lambda n: (n[0], n[1] + n[2], n[3])),
    _simple("junit", _JUNIT, lambda n: (n[0], n[1] + n[2], 0)),
    _simple("cargo", _CARGO, lambda n: (n[0] + n[1], n[1], n[2])),
    _simple("minitest", _MINITEST, lambda n: (n[0], n[1] + n[2], n[3])),
    _simple("rspec", _RSPEC, lambda n: (n[0], n[1], n[2])),
    _simple("sbt", _SBT, lambda n: (n[0], n[1] + n[2], n[4])),
    _simple("dotnet", _DOTNET, lambda n: (n[0] + n[1], n[0], n[2])),
    _simple("ctest", _CTEST, lambda n: (n[1], n[0], 0)),
)
