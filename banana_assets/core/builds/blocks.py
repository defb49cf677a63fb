"""How far a tool's message goes, given the line that it is known by.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line of the message, both
0-based and inclusive. Every one is bounded by ``MOST`` lines, so that a log without the expected end costs no more.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MOST = 150
Lines = Sequence[str]
Span = tuple[int, int]
Block = Callable[[Lines, int], Span]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _trim(texts: Lines, first: int, last: int) -> Span:
    while last > first and not texts[last].strip():
        last -= 1
    return first, last


def _until(texts: Lines, i: int, stop: re.Pattern[str], most: int = MOST, *, blanks: int = 99) -> Span:
    """To the line before the next one that ``stop`` matches, or before more than ``blanks`` blank lines in a row."""
    empty, last = 0, i
    for j in range(i + 1, min(len(texts), i + most)):
        if stop.match(texts[j]):
            break
        empty = 0 if texts[j].strip() else empty + 1
        if empty > blanks:
            break
        last = j
    return _trim(texts, i, last)


def _while(texts: Lines, i: int, go: Callable[[str], bool], most: int = MOST) -> Span:
    last = i
    while last + 1 < min(len(texts), i + most) and go(texts[last + 1]):
        last += 1
    return _trim(texts, i, last)


def line(texts: Lines, i: int) -> Span:
    """The line alone."""
    return i, i


def indented(texts: Lines, i: int) -> Span:
    """The lines below that are indented deeper than the anchor, without a blank line between."""
    depth = _indent(texts[i])
    return _while(texts, i, lambda t: bool(t.strip()) and _indent(t) > depth, 60)


def indented_gap(texts: Lines, i: int) -> Span:
    """Deeper indented lines, blank lines between allowed."""
    depth = _indent(texts[i])
    return _while(texts, i, lambda t: not t.strip() or _indent(t) > depth, 40)


def indented_tab(texts: Lines, i: int) -> Span:
    """Lines that begin with a tab, as xcodebuild lists commands."""
    return _while(texts, i, lambda t: t.startswith("\t"), 40)


def paragraph(texts: Lines, i: int) -> Span:
    """To the next blank line."""
    return _while(texts, i, lambda t: bool(t.strip()), 40)


def paragraph_more(texts: Lines, i: int) -> Span:
    """To the end of the paragraph, and the next paragraph when it holds what the first announced."""
    _, last = paragraph(texts, i)
    j = last + 1
    while j < min(len(texts), last + 4) and not texts[j].strip():
        j += 1
    if j < len(texts) and j > last and texts[j].strip() and not _COMMAND.match(texts[j]):
        _, last = paragraph(texts, j)
    return i, min(last, i + 30)


_COMMAND = re.compile(r"^(?:\$ |\+ |> |The command |error Command|npm |##)")


def paragraph_back(texts: Lines, i: int) -> Span:
    """The paragraph that ends at the anchor."""
    first = i
    while first > 0 and i - first < 40 and texts[first - 1].strip():
        first -= 1
    return first, i


def run(texts: Lines, i: int) -> Span:
    """The lines below that begin as the anchor does (same indentation, same first characters)."""
    head = texts[i].strip()[:5]
    depth = _indent(texts[i])
    return _while(texts, i, lambda t: t.strip()[:5] == head or (bool(t.strip()) and _indent(t) > depth), 40)


def run_back(texts: Lines, i: int) -> Span:
    """Up to ten lines above the anchor, to the last blank line or command."""
    first = i
    while first > 0 and i - first < 10 and texts[first - 1].strip() and not _COMMAND.match(texts[first - 1]):
        first -= 1
    return first, i


_FRAME = re.compile(
    r"^\s*(?:at\s|\.\.\. \d+ (?:more|common)|Caused by|Suppressed|from\s|--->|---|File \"|\d+: |in [`'/]|#\d+\s)|^\s+\S|^\S+:\d+:in "
)


def stack(texts: Lines, i: int) -> Span:
    """An exception's message with its frames (``at ...``, ``from ...``, ``Caused by``)."""
    return _while(texts, i, lambda t: bool(_FRAME.match(t)), 60)


def traceback(texts: Lines, i: int) -> Span:
    """A Python traceback to the exception's line, with chained ones."""
    depth = _indent(texts[i])
    last = i
    for j in range(i + 1, min(len(texts), i + 400)):
        text = texts[j]
        if not text.strip():
            # Only between chained tracebacks does a blank line stand inside.
            if any(
                "exception was the direct cause" in t or "another exception occurred" in t for t in texts[j + 1 : j + 2]
            ):
                continue
            if "exception" in texts[j - 1] and "occurred:" in texts[j - 1] + texts[j - 2]:
                continue
            break
        last = j
        if _indent(text) <= depth and not text.strip().startswith(
            ("Traceback", "During handling", "The above exception")
        ):
            following = texts[j + 1 : j + 3]
            if not any("During handling" in t or "The above exception" in t for t in following):
                break
    first = i if last - i < MOST else last - MOST
    return _trim(texts, max(first, i), last)


def syntax(texts: Lines, i: int) -> Span:
    """A syntax error as Python and Node print it: file and line, source, caret, message, and Node's frames below."""
    first = i
    for j in range(i - 1, max(-1, i - 7), -1):
        if texts[j].lstrip().startswith("File ") or re.match(r"^\S+:\d+$", texts[j]):
            first = j
            break
    return first, stack(texts, i)[1]


_PYTEST_NEXT = re.compile(r"^(?:_{3,} .* _{3,}|={3,}.*={3,}|_ (?!_ ).{50,} _)$")
_PYTEST_PLACE = re.compile(r"^\S.*:\d+: (?:\w+|in .*)?$")
_PYTEST_SECTION = re.compile(r"^-+ Captured .* -+$")


def pytest(texts: Lines, i: int) -> Span:
    """A test's section of pytest's FAILURES, from its title to the last line of the assertion (``E``)."""
    last, final = i, i
    for j in range(i + 1, min(len(texts), i + 2_000)):
        if _PYTEST_NEXT.match(texts[j]):
            break
        if _PYTEST_SECTION.match(texts[j]) and final > i:
            break
        last = j
        if texts[j].startswith("E  "):
            final = j
    if final == i:
        return _trim(texts, i, min(last, i + 40))
    for j in range(final + 1, min(final + 3, last + 1)):
        if _PYTEST_PLACE.match(texts[j]):
            final = j
    if final - i > MOST:
        start = final
        while start > i and texts[start].startswith("E  "):
            start -= 1
        return max(start - 12, i), final
    return i, final


_UNITTEST_NEXT = re.compile(r"^(?:={20,}|Ran \d+ tests?\b.*)$")


def unittest(texts: Lines, i: int) -> Span:
    """A failure of unittest: from its name to the next ruler."""
    first, last = _until(texts, i, _UNITTEST_NEXT, 120)
    while last > i and (not texts[last].strip() or re.match(r"^-{20,}$", texts[last])):
        last -= 1
    return first, last


_JEST_NEXT = re.compile(
    r"^\s*(?:● |(?:PASS|FAIL|RUNS)\s|Test Suites:|Tests:|Snapshots?:|Snapshot Summary|Summary of all failing tests|-+\|-+|› \d+ snapshot|=+ Coverage)"
)


def jest(texts: Lines, i: int) -> Span:
    """One failure of jest, to the next one or the summary."""
    return _until(texts, i, _JEST_NEXT, 80)


_VITEST_NEXT = re.compile(r"^\s*(?:FAIL {2}|⎯{4,}|Test Files |❯ .*\d+ failed)")


def vitest(texts: Lines, i: int) -> Span:
    """One failure of vitest, to the ruler below it."""
    last = i
    while last + 1 < len(texts) and texts[last + 1].lstrip().startswith("FAIL  "):
        last += 1
    return i, _until(texts, last, _VITEST_NEXT, 60)[1]


def section(texts: Lines, i: int) -> Span:
    """An indented section with blank lines, as mocha's failures: to the next line that is not indented."""
    last, blank = i, 0
    for j in range(i + 1, min(len(texts), i + 1_500)):
        text = texts[j]
        if text.strip():
            if _indent(text) < 1:
                break
            blank, last = 0, j
        else:
            blank += 1
            if blank > 3:
                break
    return i, last


_NUMBERED = re.compile(r"^\s*\d+\) \S")
_NUMBERED_END = re.compile(
    r"^(?:\s*\d+\) \S|Finished (?:in|after) |Failed examples:|FAILURES!|ERRORS!|Tests: \d|--$|WARNINGS!|There (?:was|were) \d|Randomized with"
    r"|\d+ (?:tests?|examples?|doctests?|properties)\b.*\b(?:failure|error)|Top \d+ slowest|Slowest|Tests run:|Legacy deprecation|OK[ ,(]|"
    r"\s+\d+ (?:failed|flaky|passed|skipped|did not run)\b|Remaining |KO )"
)


def numbered(texts: Lines, i: int) -> Span:
    """A numbered failure, ``1) name``, to the next number or the counts."""
    return _until(texts, i, _NUMBERED_END, 80, blanks=2)


_JASMINE_END = re.compile(
    r"^(?:\d+ (?:specs?|examples?|tests?), |Finished in |Executed \d+|Ran \d+ of|Failed examples:|Pending:|Randomized )"
)


def jasmine(texts: Lines, i: int) -> Span:
    """The ``Failures:`` section of jasmine, hspec and RSpec."""
    return _until(texts, i, _JASMINE_END, 400, blanks=3)


_RUSTC_MORE = re.compile(
    r"^\s*(?:-->|:::|\d+ *[|+~-]|\||=|\.\.\.|\^|[~|/_\\ ]+$|note:|help:|\d+ \|)|^\s*(?:note|help)(?:\[\S+\])?: "
)


def rustc(texts: Lines, i: int) -> Span:
    """A diagnostic in rustc's style: arrows, numbered source lines, notes and help."""
    last = i
    for j in range(i + 1, min(len(texts), i + 80)):
        text = texts[j]
        if text.strip() and not _RUSTC_MORE.match(text) and not (j == i + 1 and text.lstrip().startswith("-->")):
            # The message itself may be wrapped: accept until the arrow, right below the anchor only.
            if j - i <= 4 and any(t.lstrip().startswith("-->") for t in texts[j + 1 : j + 4]):
                last = j
                continue
            break
        if not text.strip() and not (j + 1 < len(texts) and _RUSTC_MORE.match(texts[j + 1] or "x")):
            break
        last = j
    return _trim(texts, i, last)


_GCC_ABOVE = re.compile(
    r"^(?:In file included from |\s+from |.*: (?:In (?:static |member |lambda )?(?:function|member function|constructor|destructor|method|instantiation)"
    r"|In function|At global scope|At top level|in function `).*|.*:\d+:(?:\d+:)?\s+(?:required|recursively required|in .*expansion|instantiated) from .*)"
)
_GCC_BELOW = re.compile(
    r"^(?:\s+\S|\s*\d+ \||\s*\|)|^\S+:\d+:(?:\d+:)? (?:note|warning: this|required from)|^compilation terminated\."
)


def gcc(texts: Lines, i: int) -> Span:
    """A diagnostic of gcc, clang or swiftc: the includes above, the source line, caret and notes below."""
    first = i
    while first > 0 and i - first < 12 and _GCC_ABOVE.match(texts[first - 1]):
        first -= 1
    return first, _while(texts, i, lambda t: bool(_GCC_BELOW.match(t)), 30)[1]


def caret(texts: Lines, i: int) -> Span:
    """A message, the source line, the caret, and indented details below."""
    last = i
    for j in range(i + 1, min(len(texts), i + 5)):
        if re.match(r"^\s*\S?\s*[\^~]+[\^~\s-]*$", texts[j]):
            last = j
            break
    return i, _while(
        texts, last, lambda t: bool(re.match(r"^\s+(?:symbol|location|required|found|reason|where|both)\b.*", t)), 8
    )[1]


def caret_gap(texts: Lines, i: int) -> Span:
    """A message with the caret some lines below, blank lines between."""
    for j in range(i + 1, min(len(texts), i + 9)):
        if re.match(r"^\s*[\^~]+[\^~\s]*$", texts[j]):
            return i, j
    return i, i


def notes(texts: Lines, i: int) -> Span:
    """A message with mypy's notes and ``--pretty`` source lines below it."""
    return _while(texts, i, lambda t: ": note: " in t or t.startswith("    "), 20)


def lint(texts: Lines, i: int) -> Span:
    """A linter's message and the source excerpt that ruff and pycodestyle may show below it."""
    return _while(texts, i, lambda t: bool(re.match(r"^(?:\s*\d* *\||\s*=|\s{4,}\S)", t)), 12)


def eslint(texts: Lines, i: int) -> Span:
    """A stylish-format message with the file's name above it."""
    first = i
    while first > 0 and i - first < 200 and re.match(r"^\s+\d+:\d+\s", texts[first - 1]):
        first -= 1
    if first > 0 and texts[first - 1].strip() and not texts[first - 1][0].isspace() and i - first < 200:
        first -= 1
    if i - first > 1 and not re.match(r"^\s+\d+:\d+\s+error", texts[i - 1] or ""):
        # Another error stands between only as a warning: name the file, skip the warnings.
        return i, i
    return first, i


def ruby_lint(texts: Lines, i: int) -> Span:
    """A RuboCop offence with source line and caret."""
    last = i + 2 if i + 2 < len(texts) and re.match(r"^\s*(?:\.\.\. )?\^+", texts[i + 2]) else i
    return i, last


def npm(texts: Lines, i: int) -> Span:
    """npm's error lines, without the advice about its debug log."""
    first = i
    while first > 0 and i - first < 10 and texts[first - 1].startswith(("npm ERR!", "npm error")):
        first -= 1
    last = _while(texts, i, lambda t: t.startswith(("npm ERR!", "npm error")), 40)[1]
    while last > i and re.search(r"complete log of this run|_logs/|^npm (?:ERR!|error)\s*$", texts[last]):
        last -= 1
    return first, last


def pip_conflict(texts: Lines, i: int) -> Span:
    """pip's conflict with the list of who wants what."""
    return _until(texts, i, re.compile(r"^(?:To fix this|ERROR: ResolutionImpossible)"), 30)


def pip_box(texts: Lines, i: int) -> Span:
    """pip's boxed report of a failed subprocess."""
    return _until(texts, i, re.compile(r"^\s*(?:note: This error originates|hint: )"), 80, blanks=1)


def box(texts: Lines, i: int) -> Span:
    """A report drawn with box characters or indented below its title."""
    return _while(texts, i, lambda t: bool(re.match(r"^\s*[│╰├╵╷└─>]|^\s{2,}\S", t)), 40)


def box_php(texts: Lines, i: int) -> Span:
    """Symfony Console's exception box."""
    return _while(texts, i, lambda t: t.startswith("  ") and bool(t.strip()), 12)


def composer(texts: Lines, i: int) -> Span:
    """Composer's list of problems."""
    return _while(texts, i, lambda t: not t.strip() or t.startswith("  "), 60)


def causes(texts: Lines, i: int) -> Span:
    """Cargo's error with its indented causes, blank lines between."""
    return _while(
        texts, i, lambda t: not t.strip() or t.startswith((" ", "Caused by:", "required by", "versions that meet")), 40
    )


_CARGO_NEXT = re.compile(r"^(?:---- \S.* ----|failures:|test result:)$")


def cargo_test(texts: Lines, i: int) -> Span:
    """The captured output of one failed Rust test."""
    first, last = _until(texts, i, _CARGO_NEXT, 60)
    while last > i and re.match(r"^note: (?:run with|Some details)", texts[last]):
        last -= 1
    return _trim(texts, first, last)


def panic(texts: Lines, i: int) -> Span:
    """A Rust panic with its message and what assert_eq! adds."""
    return _while(
        texts,
        i,
        lambda t: bool(t.strip()) and not t.startswith(("note: ", "stack backtrace", "error: ", "The command")),
        8,
    )


_GO_END = re.compile(r"^(?:=== |--- |FAIL\b|PASS\b|ok\s|\?\s|exit status|coverage:|panic: )")


def go_test(texts: Lines, i: int) -> Span:
    """A failed Go test: what it printed just above (``-v``) or below."""
    depth = _indent(texts[i])
    last = _while(texts, i, lambda t: bool(t.strip()) and _indent(t) > depth and not t.lstrip().startswith("--- "), 60)[
        1
    ]
    first = i
    if last == i:
        while (
            first > 0
            and i - first < 30
            and re.match(r"^\s+\S", texts[first - 1])
            and not texts[first - 1].lstrip().startswith("--- ")
        ):
            first -= 1
    return first, last


def go_panic(texts: Lines, i: int) -> Span:
    """A Go panic with its first goroutine."""
    seen, last = False, i
    for j in range(i + 1, min(len(texts), i + 60)):
        text = texts[j]
        if not text.strip() and seen:
            break
        if re.match(r"^(?:FAIL|exit status|goroutine (?!1 ).*\[(?!running))", text):
            break
        seen = seen or text.startswith("goroutine ")
        last = j
    return _trim(texts, i, last)


def go_race(texts: Lines, i: int) -> Span:
    """The race detector's report, to its closing ruler."""
    return _until(texts, i, re.compile(r"^={10,}$"), 60)


def go_build(texts: Lines, i: int) -> Span:
    """A Go compile error with the ``# package`` line above and its continuation below."""
    first = i - 1 if i > 0 and re.match(r"^# \S+", texts[i - 1]) else i
    return first, _while(texts, i, lambda t: t.startswith(("\t", "    ")), 10)[1]


def java_test(texts: Lines, i: int) -> Span:
    """A failed Java test with the exception and its frames."""
    last = i
    for j in range(i + 1, min(len(texts), i + 60)):
        text = texts[j]
        if not text.strip():
            break
        if re.match(r"^(?:\[(?:ERROR|INFO|WARNING)\]|Running |Tests run:|\d+\) )", text) or text.endswith(
            ("<<< FAILURE!", "<<< ERROR!")
        ):
            break
        last = j
    return i, last


def results(texts: Lines, i: int) -> Span:
    """Surefire's closing list of failed tests."""
    prefix = "[ERROR]" if texts[i].startswith("[ERROR]") else ""

    def more(text: str) -> bool:
        body = text.removeprefix(prefix) if prefix else text
        return (bool(body.strip()) and (text.startswith("[ERROR]   ") if prefix else text.startswith(" "))) or (
            not prefix and bool(re.match(r"^\S+\(\S+\)", text))
        )

    return _while(texts, i, more, 60)


def maven(texts: Lines, i: int) -> Span:
    """Maven's closing error to the advice."""
    stop = re.compile(
        r"^\[ERROR\]\s*(?:$|To see the full stack|Re-run Maven|For more information|-> \[Help|After correcting)"
    )
    return _until(texts, i, stop, 30)


def gradle(texts: Lines, i: int) -> Span:
    """Gradle's ``What went wrong``, to ``Try``."""
    return _until(texts, i, re.compile(r"^(?:\* (?:Try|Exception is|Get more)|> Run with|BUILD FAILED|=+$)"), 60)


_SBT = re.compile(r"^\[(?:error|warn)\]")


def sbt(texts: Lines, i: int) -> Span:
    """sbt's error lines in a row."""
    return _while(texts, i, lambda t: t.startswith("[error]"), 60)


def junit_ant(texts: Lines, i: int) -> Span:
    """A failed test case in Ant's plain JUnit output."""
    stop = re.compile(r"^\s*\[junit\](?: (?:Testcase: |Running |Test |Testsuite: |Tests run: )|\s*$)")
    return _until(texts, i, stop, 40)


def dotnet_test(texts: Lines, i: int) -> Span:
    """A failed test of ``dotnet test``: message and stack trace."""
    return _until(
        texts,
        i,
        re.compile(
            r"^\s*(?:(?:X|Failed|Passed|Skipped|√|!) \S+(?: \[.*\])?$|Test Run |Total tests|Failed!|Results File|Standard Output)"
        ),
        60,
    )


def cmake(texts: Lines, i: int) -> Span:
    """A CMake error with its indented text and call stack."""
    return _while(texts, i, lambda t: not t.strip() or t.startswith(("  ", "Call Stack")), 40)


def ctest(texts: Lines, i: int) -> Span:
    """CTest's list of failed tests."""
    return _while(texts, i, lambda t: not t.strip() or t.startswith(("\t", " ")), 60)


def gtest(texts: Lines, i: int) -> Span:
    """A GoogleTest failure to the test's closing line."""
    return _until(texts, i, re.compile(r"^\[\s+(?:FAILED|OK|RUN|-+)\s+\]|^\S+[:(]\d+\)?: Failure$"), 30)


def asan(texts: Lines, i: int) -> Span:
    """A sanitizer's report to its summary."""
    stop = re.compile(r"^(?:Shadow bytes|SUMMARY: )")
    last = _until(texts, i, stop, 60)[1]
    return _trim(texts, i, last)


def phpt(texts: Lines, i: int) -> Span:
    """PHP's run-tests prints the difference above the name of the failed test."""
    first = i
    while (
        first > 0
        and i - first < MOST
        and not texts[first - 1].startswith(("========DIFF", "PASS ", "SKIP ", "TEST ", "FAIL "))
    ):
        first -= 1
    return (first, i) if i - first < MOST else (i, i)


def tap(texts: Lines, i: int) -> Span:
    """A failed TAP test with its diagnostics or YAML block."""
    last = i
    inside = False
    for j in range(i + 1, min(len(texts), i + 60)):
        text = texts[j].strip()
        if text == "---":
            inside = True
        elif text in ("...", ""):
            if inside and text == "...":
                return i, j
            if not inside:
                break
        elif not inside and not text.startswith("#"):
            break
        last = j
    return i, last


def lisp(texts: Lines, i: int) -> Span:
    """Emacs's backtrace."""
    return _while(texts, i, lambda t: t.startswith("  "), 60)


def docker_step(texts: Lines, i: int) -> Span:
    """BuildKit's repetition of the failed step between rulers."""
    return _until(texts, i, re.compile(r"^-{4,}$"), 30)


_HOOK = re.compile(r"^.+\.{3,}(?:\(.*\))?(?:Passed|Failed|Skipped)$")


def precommit(texts: Lines, i: int) -> Span:
    """A pre-commit hook's output, to the next hook."""
    return _until(texts, i, _HOOK, 60)


def lintrunner(texts: Lines, i: int) -> Span:
    """lintrunner's report for a file."""
    return _until(texts, i, re.compile(r"^(?:>>> Lint for |Lint failed|Successfully)"), 40)


BLOCKS: dict[str, Block] = {
    function.__name__: function
    for function in (
        line, indented, indented_gap, indented_tab, paragraph, paragraph_more, paragraph_back, run, run_back, stack,
        traceback, syntax, pytest, unittest, jest, vitest, section, numbered, jasmine, rustc, gcc, caret,
        caret_gap, notes, lint, eslint, ruby_lint, npm, pip_conflict, pip_box, box, box_php, composer, causes,
        cargo_test, panic, go_test, go_panic, go_race, go_build, java_test, results, maven, gradle, sbt, junit_ant,
        dotnet_test, cmake, ctest, gtest, asan, phpt, tap, lisp, docker_step, precommit, lintrunner,
    )
}  # fmt: skip
