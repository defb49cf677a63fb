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

# What npm calls the name of a package; a path, an alias (`@/`, `~/`, `#`) and a folder of one's own sources are none.
_PACKAGE = r"(?!(?:src|app|lib|tests?|components|utils)/)(?:@[\w.-]+/)?[A-Za-z0-9][\w.-]*(?:/[\w./-]*)?"
# A module that is missing beside others of its own package, whose file imports it, is no other package.
_OWN = r"(?s:.*)^(?:[\w./-]*/)?(\w+)/[\w/]*\.py:\d+: in (?s:.*)^E +ModuleNotFoundError: No module named '\1\."
_NOT_READ = r"(?s:.*)^(?:E   |\s*)(?:SyntaxError|IndentationError|TabError): "

REFINEMENTS: tuple[Refinement, ...] = (
    Refinement(("rustc",), "lint_error", r"\b(?:clippy|rustdoc)::\w"),
    Refinement(("pytest",), "syntax_error", r"\A(?:_+ ERROR collecting|ImportError while loading conftest)" + _NOT_READ),
    Refinement(("pytest",), "test_failure", r"\A_+ ERROR collecting" + _OWN),
    Refinement(("unittest",), "syntax_error", r"\AERROR: .*(?:_FailedTest|ModuleImportFailure)" + _NOT_READ),
    Refinement(("pytest", "unittest"), "missing_dependency", r"^(?:E   )?ModuleNotFoundError: No module named '(?!(?:tests?|conftest)\b|test_)|^(?:E   )?ImportError: (?:cannot import name .*[\\/](?:site|dist)-packages[\\/]|.*cannot open shared object file|DLL load failed|No module named)"),
    Refinement(("ruff", "flake8", "pylint", "black"), "syntax_error", r"\Ainvalid-syntax\b|\bE999 (?:Syntax|Indentation|Tab)Error|: E0001: |: Cannot parse"),
    Refinement(("jest", "vitest"), "configuration_error", r"SyntaxError: (?:Cannot use import statement outside a module|Unexpected token 'export'|await is only valid)"),
    Refinement(("jest", "vitest"), "syntax_error", r"\A\s*(?:● Test suite failed to run|FAIL {2}\S+ \[)(?s:.*)(?:^\s*SyntaxError: |Transform failed with \d+ error)"),
    Refinement(("jest", "vitest"), "missing_dependency", rf"(?:Cannot find (?:module|package) '|Failed to resolve import \"){_PACKAGE}['\"]|^Error: Failed to load url {_PACKAGE} \("),
    Refinement(("webpack",), "missing_dependency", rf"(?:Can't resolve '|Could not resolve \"|[Ff]ailed to resolve import \"){_PACKAGE}['\"]"),
    Refinement(("tsc",), "missing_dependency", rf"error TS(?:2307: Cannot find module|7016: Could not find a declaration file for module) '{_PACKAGE}'|error TS2688: "),
    Refinement(("tsc",), "syntax_error", r"error TS1\d{3}: (?:'.+' expected|.*\bexpected\.$|Unexpected |Unterminated |Invalid character|Unclosed )"),
    Refinement(("go",), "missing_dependency", r"no required module provides package|cannot find package \"|missing go\.sum entry"),
    Refinement(("git", "go", "pip", "uv", "poetry", "conda", "maven", "gradle", "sbt", "cargo", "bundler", "php", "npm", "yarn"), "network_error", r"Failed to connect to|[Cc]ould not resolve host|[Cc]onnection (?:refused|reset|timed out|broken)|[Nn]etwork is unreachable|NewConnectionError|[Nn]ame resolution|UnknownHostException|no such host|dial tcp|i/o timeout|TLS handshake|SSL_ERROR|RPC failed; (?:curl|HTTP 5)|\b50[234] (?:Bad|Service|Gateway)"),
    Refinement(("tsc",), "configuration_error", r"error TS(?:5\d{3}|6053|18\d{3}): "),
)  # fmt: skip
"""Where the rest of a message tells more of its class than the line that it is known by."""

RULES_VERSION = 4
"""Raised with every change that can alter a diagnosis, so that stored ones can be told apart."""
