"""Runners of many linters at once, and linters of shell and prose."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import FAILURE, MESSAGE, rules

RULES = (
    *rules(
        "pre-commit",
        ("lint_error", MESSAGE + 14, "precommit", "...failed|)failed", r"^.+\.{3,}(?:\(.*\))?Failed$"),
        (
            "lint_error",
            FAILURE - 6,
            "lintrunner",
            ">>> lint for|>>> general linter",
            r"^>>> (?:Lint for .*|General linter failure):$",
        ),
        (
            "lint_error",
            FAILURE - 10,
            "line",
            " md",
            r"^(?P<file>\S+\.(?:md|markdown)):(?P<line>\d+)(?::(?P<column>\d+))? (?:error |warning )?MD\d{3}\S* .*",
        ),
        ("lint_error", FAILURE - 10, "indented", "✗|error ", r"^\s+(?P<line>\d+):(?P<column>\d+)\s+error\s+.*\(\S+\)$"),
    ),
    *rules(
        "shellcheck",
        ("lint_error", FAILURE - 8, "paragraph", " line ", r"^In (?P<file>\S+) line (?P<line>\d+):$"),
        (
            "lint_error",
            FAILURE - 8,
            "line",
            "[sc",
            r"^(?P<file>\S+?):(?P<line>\d+):(?P<column>\d+): (?:error|warning|note): (?P<message>.+) \[(?P<code>SC\d+)\]$",
        ),
    ),
)
