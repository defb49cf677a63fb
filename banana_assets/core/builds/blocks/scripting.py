"""How far the messages of Ruby, PHP, Perl and Lisp tools, of containers and of hooks go.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line, as in ``span``.
"""

from __future__ import annotations

import re

from banana_assets.core.builds.blocks.span import MOST, Lines, Span, down_while, until


def ruby_lint(texts: Lines, i: int) -> Span:
    """A RuboCop offence with source line and caret."""
    last = i + 2 if i + 2 < len(texts) and re.match(r"^\s*(?:\.\.\. )?\^+", texts[i + 2]) else i
    return i, last


def box_php(texts: Lines, i: int) -> Span:
    """Symfony Console's exception box."""
    return down_while(texts, i, lambda t: t.startswith("  ") and bool(t.strip()), 12)


def composer(texts: Lines, i: int) -> Span:
    """Composer's list of problems."""
    return down_while(texts, i, lambda t: not t.strip() or t.startswith("  "), 60)


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
    return down_while(texts, i, lambda t: t.startswith("  "), 60)


def docker_step(texts: Lines, i: int) -> Span:
    """BuildKit's repetition of the failed step between rulers."""
    return until(texts, i, re.compile(r"^-{4,}$"), 30)


_TERRAFORM_PLACE = re.compile(r"^\s+on \S+\.(?:tf|tfvars|json|hcl) line \d+")


def terraform(texts: Lines, i: int) -> Span | None:
    """Terraform's error without a frame: the place, the source line and the explanation below the headline."""
    place = next((j for j in range(i + 1, min(len(texts), i + 7)) if _TERRAFORM_PLACE.match(texts[j])), None)
    if place is None:
        return None
    return i, until(texts, place, re.compile(r"^(?:Error|Warning): "), 16, blanks=1)[1]


_HOOK = re.compile(r"^.+\.{3,}(?:\(.*\))?(?:Passed|Failed|Skipped)$")


def precommit(texts: Lines, i: int) -> Span:
    """A pre-commit hook's output, to the next hook."""
    return until(texts, i, _HOOK, 60)


def lintrunner(texts: Lines, i: int) -> Span:
    """lintrunner's report for a file."""
    return until(texts, i, re.compile(r"^(?:>>> Lint for |Lint failed|Successfully)"), 40)
