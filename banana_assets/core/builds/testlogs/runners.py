"""What test runners print for one test, one declarative entry a form of line."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from banana_assets.core.builds.tools.table import without_lookaround

_STATUS = {
    "passed": "passed", "pass": "passed", "ok": "passed", "success": "passed", "xfail": "passed", "xpass": "passed",
    "failed": "failed", "fail": "failed", "failure": "failed", "not ok": "failed", "expected failure": "passed",
    "error": "error", "err": "error", "timeout": "failed", "***failed": "failed", "***timeout": "failed",
    "***exception": "error", "sigsegv": "failed", "sigabrt": "failed",
    "skipped": "skipped", "skip": "skipped", "ignored": "skipped", "pending": "skipped", "disabled": "skipped",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A form of line: groups ``suite``, ``cls``, ``name`` and ``status``, which ``status`` here stands in for."""

    runner: str
    hints: tuple[str, ...]
    pattern: str
    status: str = ""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(self.pattern, re.ASCII)

    @cached_property
    def wide(self) -> str:
        """A pattern for polars that matches wherever ``pattern`` does, and sometimes where it does not."""
        return without_lookaround(self.pattern)

    def outcome(self, match: re.Match[str]) -> str:
        """The status in our vocabulary, empty for a word that is none."""
        if self.status:
            return self.status
        return _of_word(match["status"])


@lru_cache(1024)
def _of_word(told: str) -> str:
    word = re.split(r"[\s.(]", told.strip(), maxsplit=1)[0].lower()
    return _STATUS.get(told.strip().lower(), _STATUS.get(word, ""))


_NUMBERED = tuple(f"{digit}) " for digit in range(10))
_PYTEST_ID = r"(?P<suite>[^\s:]+\.(?:py|txt|rst|md)|[\w./-]+)::(?:(?P<cls>(?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)::)?(?P<name>[^\s:\[]+(?:\[.*?\])?)"

LINES: tuple[Line, ...] = (
    Line("pytest", ("failed ", "error "), rf"^(?P<status>FAILED|ERROR) {_PYTEST_ID}(?: - .*)?$"),
    Line("pytest", ("passed", "failed", "skipped", "error", "xfail", "xpass"), rf"^{_PYTEST_ID} (?P<status>PASSED|FAILED|SKIPPED|ERROR|XFAIL|XPASS)\b.*$"),
    Line("pytest", ("[gw",), rf"^\[gw\d+\](?: \[ *\d+%\])? (?P<status>PASSED|FAILED|SKIPPED|ERROR|XFAIL|XPASS) {_PYTEST_ID} *$"),
    Line("unittest", (" ... ",), r"^(?P<name>\w+) \((?P<cls>[\w.<>]+)\)(?:.*?) \.\.\. (?P<status>ok|FAIL|ERROR|skipped|expected failure)\b.*$"),
    Line("unittest", ("fail: ",), r"^FAIL: (?P<name>\w+) \((?P<cls>[\w.<>]+)\).*$", "failed"),
    Line("unittest", ("error: ",), r"^ERROR: (?P<name>\w+) \((?P<cls>[\w.<>]+)\).*$", "error"),
    Line("unittest", ("fail: ",), r"^FAIL: (?P<name>[\w.:]+\.test\w*(?:\(.*\))?)$", "failed"),
    Line("unittest", ("error: ",), r"^ERROR: (?P<name>[\w.:]+\.test\w*(?:\(.*\))?)$", "error"),
    Line("go", ("--- pass", "--- fail", "--- skip"), r"^\s*--- (?P<status>PASS|FAIL|SKIP): (?P<name>\S+) \([\d.]+ ?s(?:econds)?\)$"),
    Line("cargo", (" ... ok", " ... failed", " ... ignored"), r"^test (?P<name>\S.*?)(?: - should panic)? \.\.\. (?P<status>ok|FAILED|ignored)\b.*$"),
    Line("nextest", ("pass [", "fail [", "sigsegv [", "sigabrt [", "timeout ["), r"^\s+(?:TRY \d+ )?(?P<status>PASS|FAIL|SIGSEGV|SIGABRT|TIMEOUT) \[ *[\d.]+s\] (?:\( *\d+/\d+\) )?(?P<suite>\S+) (?P<name>\S.*)$"),
    Line("surefire", ("<<< failure", "<<< error"), r"^(?:\[ERROR\] )?(?P<name>(?!Tests run)[^()]*(?:\(\))?)\((?P<cls>[\w.$\[\]]+)\)\s+Time elapsed: .* <<< (?P<status>FAILURE|ERROR)!.*$"),
    Line("surefire", ("<<< failure", "<<< error"), r"^(?:\[ERROR\] )?(?P<cls>(?:[\w$]+\.)+[A-Z][\w$]*)\.(?P<name>[^.\s]\S*)(?: -- Time elapsed| +Time elapsed): .* <<< (?P<status>FAILURE|ERROR)!.*$"),
    Line("surefire", ("<<< failure", "<<< error"), r"^(?:\[ERROR\] )?(?P<name>(?:[\w$]+\.)+[A-Z][\w$]*)\s+Time elapsed: .* <<< (?P<status>FAILURE|ERROR)!.*$"),
    Line("gradle", (" passed", " failed", " skipped"), r"^(?P<cls>(?!Task |> |Execution |Build )[A-Za-z_$][\w.$ -]*(?: > [^>]+)*?) > (?P<name>[^>]+?) (?P<status>PASSED|FAILED|SKIPPED)(?: \([\d.]+m?s\))?$"),
    Line("junit", ("methodsource [",), r"^\s*(?:\[junit\]\s+)?MethodSource \[className = '(?P<cls>[\w.$]+)', methodName = '(?P<name>[^']+)'.*$", "failed"),
    Line("junit", _NUMBERED, r"^\d+\) (?P<name>\w+)\((?P<cls>[\w.$]+)\)$", "failed"),
    Line("ant", ("testcase: ",), r"^\s*(?:\[junit\] )?Testcase: (?P<name>[^()\s]+)(?:\((?P<cls>[\w.$]+)\))?:?\s*(?P<status>FAILED)$"),
    Line("ant", ("caused an error",), r"^\s*(?:\[junit\] )?Testcase: (?P<name>[^()\s]+)(?:\((?P<cls>[\w.$]+)\))?:?\s*Caused an ERROR$", "error"),
    Line("rspec", ("rspec ",), r"^rspec (?P<suite>(?:\./)?\S+?)(?::\d+|\[[\d:,]+\]) # (?P<name>.+)$", "failed"),
    Line("phpunit", _NUMBERED, r"^\d+\) (?P<cls>(?:\w+\\)*\w+)::(?P<name>\w+.*)$", "failed"),
    Line("dotnet", ("failed ", "passed ", "skipped "), r"^\s*(?P<status>Failed|Passed|Skipped) (?P<name>[\w.`+]+(?:\(.*\))?) \[(?:< )?[\d.,]+ ?m?s.*\]$"),
    Line("xunit", ("[fail]",), r"^(?:\[xUnit\.net .*?\])?\s*(?P<name>\S.*?) \[(?P<status>FAIL)\]$"),
    Line("ctest", ("***", "passed"), r"^\s*\d+/\d+ Test +#\d+: (?P<name>\S+) \.*\s*(?P<status>Passed|\*\*\*(?:Failed|Timeout|Exception))\b.*$"),
    Line("gtest", (" ok ]", " failed ", " skipped ]"), r"^\[ +(?P<status>OK|FAILED|SKIPPED) +\] (?P<cls>[\w/]+)\.(?P<name>[\w/]+)(?:, where .*)? \(\d+ ms\)$"),
    Line("tap", ("not ok ",), r"^not ok \d+(?: -)? (?P<name>(?!.*# (?:TODO|SKIP|todo|skip)\b)\S.*)$", "failed"),
    Line("minitest", ("#test",), r"^(?P<cls>[A-Z][\w:]*)#(?P<name>test_\S.*?)(?: \[(?P<suite>\S+):\d+\]:?| = .*)?:?$", "failed"),
    Line("exunit", ("test ", "property "), r"^\s+\d+\) (?P<name>(?:test|doctest|property) .+) \((?P<cls>[\w.]+)\)$", "failed"),
    Line("karma", (" failed",), r"^(?!.*Executed \d)\S.* \d+[\d.]* \([^)]+\):? (?P<name>.+) (?P<status>FAILED)$"),
    Line("mocha", ("(skipped)",), r"^\s{2,}[✖ℹ] (?P<name>\S.*) \(skipped\)$", "skipped"),
    Line("mocha", ("✖",), r"^\s{2,}✖ (?P<name>(?!\d+ (?:tests?|problems?)\b|.*\(skipped\)$)\S.*?)(?: \(\d+ms\))?$", "failed"),
    Line("jest", ("●",), r"^\s*● (?!Console|Validation Warning|Deprecation Warning|Cannot log after|Test suite failed to run|Unhandled)(?P<name>\S.+)$", "failed"),
    Line("vitest", (" fail ", "fail  "), r"^\s*FAIL {2}(?P<suite>\S+) > (?P<name>.+)$", "failed"),
    Line("xctest", ("test case '",), r"^Test Case '-?\[?(?P<cls>\S+)[ .](?P<name>\w+)\]?' (?P<status>passed|failed|skipped) \(.*\)\.?$"),
    Line("scalatest", ("*** failed ***",), r"^(?:\[info\] )?\s*- ?(?P<name>.+?) \*\*\* (?P<status>FAILED) \*\*\*.*$"),
)  # fmt: skip
