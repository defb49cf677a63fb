"""How far the messages of Java, Scala and .NET compilers, build tools and test runners go.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line, as in ``span``.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re

from banana_assets.core.builds.blocks.span import Lines, Span, down_while, until


def caret(texts: Lines, i: int) -> Span:
    """A message, the source line, the caret, and indented details below."""
    last = i
    for j in range(i + 1, min(len(texts), i + 5)):
        if re.match(r"^\s*\S?\s*[\^~]+[\^~\s-]*$", texts[j]):
            last = j
            break
    return i, down_while(
        texts, last, lambda t: bool(re.match(r"^\s+(?:symbol|location|required|found|reason|where|both)\b.*", t)), 8
    )[1]


def eclipse(texts: Lines, i: int) -> Span:
    """A message of Eclipse's compiler: the source, the carets, the message, to the next rule."""
    return until(texts, i, re.compile(r"^-{4,}$"), 40)


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

    return down_while(texts, i, more, 60)


def maven(texts: Lines, i: int) -> Span:
    """Maven's closing error to the advice."""
    stop = re.compile(
        r"^\[ERROR\]\s*(?:$|To see the full stack|Re-run Maven|For more information|-> \[Help|After correcting)"
    )
    return until(texts, i, stop, 30)


def gradle(texts: Lines, i: int) -> Span:
    """Gradle's ``What went wrong``, to ``Try``."""
    return until(texts, i, re.compile(r"^(?:\* (?:Try|Exception is|Get more)|> Run with|BUILD FAILED|=+$)"), 60)


_SBT = re.compile(r"^\[(?:error|warn)\]")


def sbt(texts: Lines, i: int) -> Span:
    """sbt's error lines in a row."""
    return down_while(texts, i, lambda t: t.startswith("[error]"), 60)


def junit_ant(texts: Lines, i: int) -> Span | None:
    """A failed test case in Ant's plain JUnit output; one that passed has only its time."""
    if " took " in texts[i] and not re.search(r"(?:FAILED|Caused an ERROR)$", "".join(texts[i + 1 : i + 2])):
        return None
    stop = re.compile(r"^\s*\[junit\](?: (?:Testcase: |Running |Test |Testsuite: |Tests run: )|\s*$)")
    return until(texts, i, stop, 40)


_DOTNET = re.compile(r"^\s*(?:Error Message:|Stack Trace:|Expected|Assert\.|\S*Exception ?:)|^\s+at \S+\(")


def dotnet_test(texts: Lines, i: int) -> Span | None:
    """A failed test of ``dotnet test``: message and stack trace. Other runners say that a test passed whose name begins
    with that word."""
    if not texts[i].endswith("]") and not any(_DOTNET.match(text) for text in texts[i + 1 : i + 8]):
        return None
    return until(
        texts,
        i,
        re.compile(
            r"^\s*(?:(?:X|Failed|Passed|Skipped|√|!) \S+(?: \[.*\])?$|Test Run |Total tests|Failed!|Results File|Standard Output)"
        ),
        60,
    )
