"""What programs nobody listed print when they fail: error words, exceptions, ``file:line: message``."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import EXCEPTION, GUESS, SUMMARY, rules

RULES = rules(
    "",
    (
        "syntax_error",
        EXCEPTION + 2,
        "syntax",
        "syntaxerror:|indentationerror:|taberror:",
        r"^\s*(?:E +)?(?:Uncaught )?(?:SyntaxError|IndentationError|TabError): .*",
    ),
    ("", EXCEPTION, "stack", "error: |error [", r"^(?:Uncaught )?(?P<exception>[A-Z]\w*Error)(?: \[\w+\])?: .+"),
    ("", EXCEPTION - 4, "run", "error: ", r"^Error: .*"),
    (
        "",
        GUESS + 6,
        "indented",
        "error|fatal|fail|panic|critical|✗|✖|❌|✘|× ",
        r"^\s*(?:\[?(?:ERROR|Error|error|FATAL|Fatal|fatal|FAIL|FAILED|FAILURE|CRITICAL|PANIC)\]?(?:\s+\d{1,4}[-/:.]\S*|\s?[:!\]|-])|[✗✖❌✘×]\s)\s?\S.*",
    ),
    (
        "",
        GUESS + 6,
        "indented",
        "error",
        r"^(?P<file>[^\s:()]+\.\w+):(?P<line>\d+)(?::(?P<column>\d+))?:? .*\b[Ee]rror\b.*",
    ),
    ("", GUESS + 4, "indented", "exception|error", r"^(?:\w+[.\\:]+)*[A-Z]\w*(?:Exception|Error)\b(?:: .*|$)"),
    # What checkers of links print for each that is broken.
    (
        "",
        GUESS,
        "line",
        r"re:^\s*(?:\[[45]\d\d\]|[45]\d\d|\[?[✖✗×]\]?|\d+\. \[L\d+\] [45]\d\d)\s+<?https?://",
        r"^\s*(?:\[[45]\d\d\]|[45]\d\d|\[?[✖✗×]\]?|\d+\. \[L\d+\] [45]\d\d)\s+<?https?://\S+.*",
    ),
    ("", GUESS, "indented", "an error occur", r"(?i)\ban error occurr?ed\b.*"),
    (
        "",
        GUESS - 6,
        "indented",
        "error: |fatal:|failed",
        r"(?:\b[Ee]rror: \S|\bFAILED\b|\b[Ff]atal:|\b[Ff]ailed to\b).*",
    ),
    (
        "",
        GUESS - 6,
        "line",
        "could not|cannot |can't |unable to|not found|invalid |does not exist|doesn't exist|no such",
        r"^\s*(?:\S+: )*(?:[Cc]ould not|[Cc]annot|[Cc]an't|[Uu]nable to|[Nn]o such|[Ii]nvalid) .*|(?:not found|does not exist|doesn't exist)\.?$",
    ),
    (
        "lint_error",
        GUESS - 4,
        "line",
        r"re:^[\w./\\-]+\.\w{1,8}:\d+:",
        r"^(?P<file>[\w./\\-]+\.\w{1,8}):(?P<line>\d+):(?:(?P<column>\d+):)? ?(?P<message>[^\d\s/].*)$",
    ),
    (
        "",
        SUMMARY - 4,
        "line",
        "failed|failure|errors",
        r"(?i)\b(?:[1-9]\d* (?:tests? |errors? |checks? )?(?:failed|failures?|errors?)\b|failed: [1-9]|failures: [1-9]|errors: [1-9]).*",
    ),
    (
        "crash",
        GUESS,
        "line",
        "assertion fail|assert failed|abort",
        r"(?i)^\s*(?:assertion (?:failed|failure)|assert failed|aborted\b|aborting\b).*",
    ),
)
