"""The table of what tools print when they fail. One module a family; ``RULES`` is all of it, most telling first."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools import (
    ci,
    delivery,
    generic,
    hooks,
    javascript,
    jvm,
    native,
    network,
    python,
    scripting,
    shell,
)
from banana_assets.core.builds.tools.table import Refinement, Rule

RULES: tuple[Rule, ...] = (
    *python.RULES,
    *javascript.RULES,
    *jvm.RULES,
    *native.RULES,
    *scripting.RULES,
    *shell.RULES,
    *network.RULES,
    *delivery.RULES,
    *ci.RULES,
    *hooks.RULES,
    *generic.RULES,
)

REFINEMENTS: tuple[Refinement, ...] = (
    Refinement(("rustc",), "lint_error", r"\b(?:clippy|rustdoc)::\w"),
    Refinement(("pytest", "unittest"), "missing_dependency", r"^ImportError while importing test module|^(?:E   )?ModuleNotFoundError: No module named '(?!tests?\b)"),
    Refinement(("go",), "missing_dependency", r"no required module provides package|cannot find package \"|missing go\.sum entry"),
    Refinement(("git", "go", "pip", "uv", "poetry", "conda", "maven", "gradle", "sbt", "cargo", "bundler", "php", "npm", "yarn"), "network_error", r"Failed to connect to|[Cc]ould not resolve host|[Cc]onnection (?:refused|reset|timed out|broken)|[Nn]etwork is unreachable|NewConnectionError|[Nn]ame resolution|UnknownHostException|no such host|dial tcp|i/o timeout|TLS handshake|SSL_ERROR|RPC failed; (?:curl|HTTP 5)|\b50[234] (?:Bad|Service|Gateway)"),
    Refinement(("tsc",), "configuration_error", r"error TS(?:5\d{3}|6053|18\d{3}): "),
)  # fmt: skip
"""Where the rest of a message tells more of its class than the line that it is known by."""

RULES_VERSION = 3
"""Raised with every change that can alter a diagnosis, so that stored ones can be told apart."""
