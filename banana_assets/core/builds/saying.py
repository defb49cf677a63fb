"""What a tool's message says in one line, also where it is known by a heading, a ruler or the name of a test."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from banana_assets.core.builds.findings import Finding
from banana_assets.core.text import cut

MOST = 180
"""Characters of a message in one line."""
TITLE = 60
"""Characters that a heading keeps at least where what it is about needs the room."""
NEAR = 200
"""Lines of a message in which it says what went wrong."""
BESIDE = 4
"""Lines from what was expected to what came instead."""

_TOLD: dict[str, tuple[str, ...]] = {
    # pytest marks what explains a failure with a capital E; a file that cannot be read stands above the reason.
    "pytest": (r'^E +File "(.+)", line (\d+)\n(?:E .*\n){1,4}?E +((?:Syntax|Indentation|Tab)Error: .+)', r"^E +((?:Syntax|Indentation|Tab)Error: .+)", r'^E +(?!File "|[\^~])(\S.*)', r"^((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Failed|Failure)\b.*)"),
    "unittest": (
        r'^ +File "(.+)", line (\d+)\n(?: .*\n){1,3}?((?:Syntax|Indentation|Tab)Error: .+)',
        r"^((?:ModuleNotFound|Syntax|Indentation|Tab)Error: .+)",
        r"^((?!Traceback )[A-Za-z_][\w.]*(?:: .+|Error|Exception|Exit|Interrupt))$",
    ),
    "cargo_test": (r"panicked at '(.+)', \S+:\d+", r"panicked at [^'\n]*:\n(.+)", r"^(Error: .+)"),
    "panic": (r"\A(?!\s*(?:left|right): )(.+)",),
    "go_test": (r"^\s+Error:\s+(\S.*)", r"^\s+(\S+\.go:\d+: +\S.*)", r"^\s+(\S.*)"),
    "jest": (r"^\s+(SyntaxError: .+)", r"^\s+(?!Jest (?:encountered|failed)|thrown: |>? *\d+ \|)(\S.*)"),
    "vitest": (r"^(?!\s*FAIL  |⎯|Vitest caught|This error originated)\s*(\S.*)",),
    "section": (r"^ +\d+\) (\S.*(?:\n+ {3,}\S.*)*?:\n(?:\s*\n)?\s*\S.*)",),
    "java_test": (r"^(?!\[(?:INFO|WARNING)\])\s*(\S.*)",),
    "junit_ant": (r"(?:FAILED|Caused an ERROR)\n\s*(?:\[junit\])?\s*(\S.*)",),
    "dotnet_test": (r"Error Message:\n\s*(\S.*)", r"^\s*(\S.*)"),
    "rspec": (
        r"^\s+Failure/Error: .*(?:\n +\S.*)*\n\s*\n\s*((?!expected|got|[-+] )\S.*)",
        r"^\s+Failure/Error: (.*)",
        r"^\s*(\S.*)",
    ),
    "numbered": (r"^(?!\s*(?:at |#|\S+\.exs:\d+$))\s*(\S.*)",),
    "tap": (
        r"^\s+(?:error|message): [|>]-?\n\s*(\S.*)",
        r"^\s+(?:error|message): ['\"]?(\S.*?)['\"]?$",
    ),
    "gtest": (r"\A((?:\s*\S.*\n?){1,6})",),
    "results": (r"^(?:\[ERROR\])?\s+(\S.*)",),
    "gradle": (r"^Execution failed for task .*\n(> \S.*)", r"^A problem occurred .*\n(> \S.*)", r"^\s*(\S.*)"),
    "maven": (r"^\[ERROR\] {3,}(?!The project )(\S.*)",),
    "cmake": (r"^  (Could not find .*(?:\n  \S.*)*)", r"^  (\S.*(?:\n  \S.*)*)"),
    "ctest": (r"^\s+(\S.*)",),
    "npm": (
        r"^npm (?:ERR!|error) (?:\d{3} |notarget |notsup |network |enoent |JSON\.parse )?(?!(?:code|errno|syscall|path|dest|signal|cwd|command|sh) |A complete log)(\S.*)",
    ),
    "composer": (r"^\s+- (\S.*)",),
    "precommit": (r"^(?!- (?:hook id|exit code|duration): )\s*(\S.*)",),
    "eclipse": (r"\^\n(\S.*)",),
    "ghc gcc": (r"\A\s*(?:• )?(\S.*)",),
    "awesome_bot paragraph": (r"^\s*(\d+\. .*)",),
    "pre-commit lintrunner": (r"^\s*(\S.*)",),
    "java stack": (r"\A(?:\s+at (?:java\.|jdk\.|sun\.|org\.junit\.)\S+\n)*\s+(at \S+\(\S+:\d+\))",),
    "node stack": (r"^((?:Uncaught )?[A-Z]\w*(?:Error|Exception)\b.*)",),
    "eslint stack": (r"^(ESLint couldn't .*|\w*Error: .*)",),
    "gradle indented": (r"\A\s+(\S.*)",),
    "dotnet indented": (r"\A\s+(\S.*)",),
    "sphinx indented": (r"\A(\S.*)",),
    "minitest paragraph": (r"\A(\S.*)",),
    "shellcheck paragraph": (r"\^-*\^? (SC\d+ .*)",),
    "elixir paragraph": (r"\A(\S.*)",),
    "webpack paragraph": (r"^(?!\s*(?:@|\d+ \|))\s*(\S.*)",),
    "ruby paragraph": (r"\A(\S.*)",),
    "tsc indented": (r"^\s*(\S.*)",),
    "uv box": (r"^\s+(?:╰─▶ |cause: )(.*(?:\n\s{6,}\S.*)*)",),
    "rustc rustc": (r"^\s*\|.*\^ (?!help: )(\S.*)",),
    "javac caret": (r"^\s+(symbol:\s+\S.*)",),
    "javac indented": (r"^\s+(symbol:\s+\S.*)",),
    "sanitizer asan": (r"^\s+#\d+ 0x\w+ (in \S+ (?!\S*/(?:sanitizer|libsanitizer)|\(|\.\./)\S+:\d+)",),
    "pnpm paragraph_more": (r"^\s+(?:╰─▶|×) (?!installing dependencies)(.*(?:\n {6,}\S.*)*)",),
    "rspec paragraph_more": (r"^(?:\S*Error|\S*Exception):\n\s+(\S.*)", r"^(?!Failure/Error: )(\S.*)"),
}  # fmt: skip
"""Where a message says what went wrong, below the line that it is known by: by its block, or by its tool and block
where others of that block begin with what they say. The best place first."""

_HOLLOW = re.compile(
    r"(?:\[ERROR\] )?(?:\* What went wrong|(?:\d+\) )?(?:Failure|Error)|Failed tests|Tests in error|Failures|Errors):"
    r"|\d+ failing(?: \(.*\))?|⎯+ Unhandled (?:Errors?|Rejection) ⎯+|throw er; // Unhandled 'error' event|Oops! Something went wrong! :\(|(?:rake|cap) aborted!|Failed to compile\.|> Links"
)
"""Headings that tell nothing themselves: what stands below takes their place."""

_AROUND = re.compile(
    r"^(?:FAIL {2}|--- |● |\d+\) (?!Failed : |Error : )|\[ERROR\] +|\[junit\] (?:Testcase: )?|│ |not ok \d+ (?:- )?|# +|==\d+==|thread '[^']*'(?: \(\d+\))? (?=panicked at))|^[=_*#~⎯-]{3,} | [=_*#~⎯-]{3,}$|^_ | _$"
    r"| \(\d[\d.]* ?m?s(?:econds)?\)$| \[[\d.]+ ?m?s\]$|(?: -- | +)Time elapsed: .*$| took [\d.]+ sec$| <<< (?:FAILURE|ERROR)!$| (?:stdout|stderr)(?= -+$)| // Object\.is equality$| at pc 0x.*$"
)
"""What stands around what a line says: the marks of lists, rulers, times and streams."""

_EXPECTED = re.compile(
    r"^[\s#]*(?P<said>(?:expected|left|expected value|Expected)\b *(?::|to be\b|to\b) *\S.*)$", re.MULTILINE
)
_CAME = re.compile(
    r"^[\s#]*(?P<said>(?:but was|got|actual|received|right|but got|Actual|Received|But was)\b *: *\S.*)$", re.MULTILINE
)


_UNLOADED = re.compile(r" ERROR collecting |while loading conftest|● Test suite failed to run$")
"""Headings of what could not be loaded, for whatever reason."""

_BARE = re.compile(r"\b[A-Z]\w*(?:Error|Exception)$")
_FRAME = re.compile(r'^\s+File "(.+)", line (\d+)')
_INSTALLED = re.compile(r"/(?:site|dist)-packages/|/lib/python\d|^<")

_FILE = re.compile(r'File "(.+)", line (\d+)|(\S+):(\d+)$')


def said_by(texts: Sequence[str], finding: Finding) -> tuple[str, bool]:
    """What the message says, in at most ``MOST`` characters, and whether more than the name of what failed is told."""
    heading, rule = texts[finding.anchor].strip(), finding.rule
    if rule.block == "traceback":
        # The exception is the last line, of whichever was raised last.
        told = texts[finding.last].strip()
        return (cut(_at_line(texts, finding.last, told), MOST), True) if told != heading else (heading, False)
    told = _told(texts, finding)
    if not told and heading.endswith(":") and finding.last > finding.anchor:
        told = _one_line(texts[finding.anchor + 1])
    if _HOLLOW.fullmatch(heading):
        return cut(told or heading, MOST), bool(told)
    title = heading
    while (bare := _AROUND.sub("", title).strip()) != title and bare:
        title = bare
    title = _placed(texts, finding, title)
    if not told:
        title = _at_line(texts, finding.anchor, title.rstrip(":"))
        return cut(title, MOST), rule.category != "test_failure"
    return cut(f"{_shortened(title, max(TITLE, MOST - len(told) - 2)).rstrip(':.')}: {told}", MOST), True


def _at_line(texts: Sequence[str], at: int, title: str) -> str:
    """The title, and the line of Python's trace above it where it is an exception that came without a message."""
    if not re.fullmatch(r"[A-Z]\w*(?:Error|Exception|Interrupt|Exit)", title):
        return title
    frames = (_FRAME.match(texts[i]) for i in range(at - 1, max(-1, at - 40), -1))
    found = next((f for f in frames if f and not _INSTALLED.search(f[1])), None)
    return f"{title} at {found[1]}:{found[2]}" if found else title


def _shortened(title: str, most: int) -> str:
    """The title, cut at the end of a long path where it begins with one: the file's name and line tell most."""
    if len(title) > most and "/" in title.split(" ", 1)[0][:-most]:
        return f"…{title[1 - most :]}"
    return cut(title, most)


def known_by(texts: Sequence[str], finding: Finding) -> str:
    """The line that tells one failure from another: the one that the message is known by, with what it says where
    that line is the same for all of its kind."""
    heading = texts[finding.anchor]
    if finding.rule.block != "traceback" and not _HOLLOW.fullmatch(heading.strip()) and not _UNLOADED.search(heading):
        return heading
    return f"{heading} {said_by(texts, finding)[0]}"


def _told(texts: Sequence[str], finding: Finding) -> str:
    """What the lines below the heading say, with what was expected and what came; empty where that is nothing."""
    rule, first = finding.rule, finding.anchor + 1
    lines = texts[first : min(finding.last + 1, first + NEAR)]
    if not lines and rule.block == "go_test":
        # With -v a test speaks before it is told how it ended.
        lines = texts[finding.first : finding.anchor]
    text = "\n".join(lines)
    pair = _pair(text) if rule.category == "test_failure" else ""
    told = ""
    heading = texts[finding.anchor]
    # A code of npm's and an exception without a message say little; what others say in the same line is enough.
    if (rule.block != "npm" or " code " in heading.lower()) and (
        rule.tool != "java" or rule.block != "stack" or _BARE.search(heading)
    ):
        match = next((found for p in _patterns(rule.tool, rule.block) if (found := p.search(text))), None)
        # Of three groups the first two are file and line.
        told = _one_line(match[1] if match.lastindex == 1 else "{}:{}: {}".format(*match.groups())) if match else ""
        if match and told.endswith(":") and not pair:
            told = _one_line(f"{told} {text[match.end() :].strip().split(chr(10), 1)[0]}")
    values = re.findall(r": [\"'`]?(.+?)[\"'`]?(?:, |$)", pair)
    if not pair or "but was" in told or (values and all(value in told for value in values)):
        return told
    return f"{cut(told, max(TITLE, MOST - len(pair))).rstrip(':')}: {pair}" if told and told not in pair else pair


def _pair(text: str) -> str:
    """What was expected and what came, where they stand near each other, in the order and the words of the tool."""
    expected, came = _EXPECTED.search(text), _CAME.search(text)
    if expected is None or came is None:
        return ""
    first, second = sorted((expected, came), key=lambda match: match.start())
    if text.count("\n", first.start(), second.start()) > BESIDE:
        return ""
    return _one_line(f"{first['said']}, {second['said']}")


@cache
def _patterns(tool: str, block: str) -> tuple[re.Pattern[str], ...]:
    told = _TOLD.get(f"{tool} {block}", _TOLD.get(block, ()))
    return tuple(re.compile(pattern, re.MULTILINE) for pattern in told)


def _one_line(text: str) -> str:
    return _AROUND.sub("", " ".join(re.sub(r"(?m)^\s*(?:[│|>#]|\[ERROR\]|\[junit\])\s", "", text).split()))


def _placed(texts: Sequence[str], finding: Finding, title: str) -> str:
    """The title with the file and line that the tool names above or below it."""
    rule, place = finding.rule, ""
    below = "\n".join(texts[finding.anchor + 1 : min(finding.last, finding.anchor + 8) + 1])
    if rule.block == "rustc" and (found := re.search(r"^\s*--> (\S+:\d+)", below, re.MULTILINE)):
        place = found[1]
    elif rule.tool == "terraform" and (found := re.search(r"^[\s│]+on (\S+) line (\d+)", below, re.MULTILINE)):
        place = f"{found[1]}:{found[2]}"
    elif rule.block == "syntax" and (found := _FILE.match(texts[finding.first].strip())):
        place = f"{found[1] or found[3]}:{found[2] or found[4]}"
    elif rule.tool == "prettier" and rule.block == "run_back" and finding.first < finding.anchor:
        place = _one_line(texts[finding.anchor - 1].replace("[warn]", ""))
    elif rule.block == "eslint":
        groups = finding.groups
        code = f" ({groups['code']})" if groups.get("code") else ""
        title = f"{groups['message'].strip()}{code}"
        file = next(
            (t.strip() for t in reversed(texts[max(0, finding.anchor - 200) : finding.anchor]) if t[:1].strip()), ""
        )
        place = f"{file}:{groups['line']}:{groups['column']}".lstrip(":")
    return f"{place}: {title}" if place else title
