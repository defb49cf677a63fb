"""Ruby, PHP, Perl, Elixir, R, Lua, Emacs Lisp and their test runners and package managers."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import EXCEPTION, FAILURE, MESSAGE, SUMMARY, WRAPPER, rules

RULES = (
    *rules(
        "rspec",
        ("test_failure", FAILURE + 2, "rspec", r"re:^\s*\d+\) ", r"^ {2,4}\d+\) (?P<test>[A-Z\w#.:\"'`].*[^:])$"),
        ("test_failure", SUMMARY + 4, "line", "rspec ", r"^rspec (?:\./)?\S+(?::\d+|\[[\d:,]+\]) # (?P<test>.+)$"),
        ("test_failure", SUMMARY, "line", " examples, | example, ", r"^\d+ examples?, [1-9]\d* failures?.*"),
        (
            "",
            EXCEPTION,
            "paragraph_more",
            "an error occurred while loading|an error occurred in",
            r"^An error occurred (?:while loading .*|in a .*hook.*)\.?$",
        ),
    ),
    *rules(
        "minitest",
        ("test_failure", FAILURE, "paragraph", "failure:|error:", r"^\s*(?:\d+\) )?(?:Failure|Error): ?$"),
        (
            "test_failure",
            FAILURE,
            "paragraph",
            "failure: |error: ",
            r"^(?:Failure|Error): (?P<test>test\S*.*\(\S+\)).*$",
        ),
        (
            "test_failure",
            SUMMARY,
            "line",
            " assertions, ",
            r"^\d+ (?:runs|tests), \d+ assertions, (?:[1-9]\d* failures, \d+ errors|\d+ failures, [1-9]\d* errors).*",
        ),
    ),
    *rules(
        "ruby",
        (
            "",
            EXCEPTION,
            "stack",
            ":in `|:in '",
            r"^(?:/|\S+\.rb:|\S+:)\S*:?\d*:?in [`'].*': .*\((?P<exception>\w+(?:::\w+)*)\)$",
        ),
        ("", EXCEPTION - 3, "paragraph", "rake aborted|cap aborted", r"^(?:rake|cap) aborted!$"),
        (
            "syntax_error",
            EXCEPTION,
            "indented",
            "syntax error",
            r"^\S+\.(?:rb|ru|rake):\d+: (?:.*: )?syntax errors?.*",
        ),
        (
            "lint_error",
            FAILURE - 8,
            "ruby_lint",
            ": c: |: w: |: e: |: f: |: r: |: i: ",
            r"^(?P<file>\S+):(?P<line>\d+):(?P<column>\d+): (?P<code>[CWEFRI]): (?P<message>.+)$",
        ),
    ),
    *rules(
        "bundler",
        (
            "missing_dependency",
            FAILURE - 6,
            "paragraph",
            "could not find gem|could not find compatible versions|could not find |could not resolve",
            r"^(?:Bundler could not find compatible versions|Could not find (?:gem )?'?.* in (?:any of|locally|cached gems|rubygems|the gems|source|.* repository).*|Could not find compatible versions|Could not find \S+-\d\S* in any of the sources.*)",
        ),
        (
            "missing_dependency",
            FAILURE - 8,
            "run",
            "an error occurred while installing",
            r"^An error occurred while installing .*",
        ),
        (
            "missing_dependency",
            MESSAGE + 8,
            "indented",
            "gem::",
            r"^(?:Gem::Ext::BuildError|Gem::\w+Error|.*Gem::MissingSpec\w*Error|ERROR:  Error installing).*",
        ),
        (
            "missing_dependency",
            MESSAGE + 8,
            "line",
            "your ruby version is|requires ruby version",
            r"(?:Your Ruby version is .*, but your Gemfile specified|requires [Rr]uby version) .*",
        ),
        (
            "configuration_error",
            MESSAGE + 8,
            "line",
            "could not locate gemfile|the gemfile specifies no dependencies|deployment mode",
            r"^(?:Could not locate Gemfile|You are trying to install in deployment mode).*",
        ),
    ),
    *rules(
        "phpunit",
        ("test_failure", FAILURE + 2, "numbered", r"re:^\s*\d+\) ", r"^\d+\) (?P<test>[\w\\]+::\w+.*)$"),
        (
            "test_failure",
            SUMMARY,
            "line",
            r"re:^Tests: \d",
            r"^Tests: \d+, Assertions: \d+.*(?:Failures|Errors): [1-9]\d*.*",
        ),
        ("test_failure", SUMMARY - 2, "line", "failures!|errors!", r"^(?:FAILURES|ERRORS)!$"),
        ("test_failure", FAILURE - 2, "phpt", "fail ", r"^FAIL (?P<test>.+) \[\S+\.phpt\].*$"),
    ),
    *rules(
        "php",
        ("crash", EXCEPTION + 2, "stack", "fatal error", r"^(?:PHP )?(?:Catchable |Recoverable )?[Ff]atal error: .*"),
        ("syntax_error", EXCEPTION + 4, "line", "parse error", r"^(?:PHP )?Parse error: .*"),
        (
            "missing_dependency",
            FAILURE - 6,
            "composer",
            "could not be resolved to an installable",
            r"^\s*Your requirements could not be resolved to an installable set of packages\.",
        ),
        ("", MESSAGE + 6, "box_php", "exception]|error]", r"^\s+\[(?:\w+\\)*\w*(?:Exception|Error)\]\s*$"),
        ("lint_error", FAILURE - 8, "indented", "------", r"^ ------ -+$"),
    ),
    *rules(
        "tap",
        ("test_failure", FAILURE - 2, "tap", "not ok", r"^\s*not ok \d+(?: -)? ?(?P<test>(?!.*# (?:TODO|SKIP)).*)$"),
        ("test_failure", FAILURE - 2, "tap", "failed test|failed (todo) test", r"^#\s+Failed (?:test|\(TODO\) test).*"),
        (
            "test_failure",
            SUMMARY + 8,
            "line",
            "looks like you",
            r"^# Looks like (?:you (?:failed|planned|said|lost)|your test (?:exited|died)).*",
        ),
        ("test_failure", SUMMARY + 4, "paragraph", "test summary report", r"^Test Summary Report$"),
        (
            "test_failure",
            SUMMARY - 2,
            "line",
            "result: fail|failed ",
            r"^(?:Result: FAIL|Failed \d+/\d+ (?:test programs|subtests).*)",
        ),
    ),
    *rules(
        "perl",
        ("missing_dependency", EXCEPTION + 2, "line", "can't locate", r"^(?:.*: )?Can't locate \S+ in @INC .*"),
        ("syntax_error", EXCEPTION, "line", "syntax error at", r"^syntax error at \S+ line \d+.*"),
        (
            "crash",
            MESSAGE + 4,
            "line",
            " line ",
            r"^(?:Died|Can't .+|Undefined subroutine .+|Global symbol .+|Bareword .+|Use of uninitialized .+|Illegal .+|Unknown option.*) at \S+ line \d+\.?.*$",
        ),
        ("lint_error", MESSAGE + 10, "run", "(severity: ", r"^.+ at line \d+, column \d+\..*\(Severity: \d\)$"),
        (
            "missing_dependency",
            MESSAGE + 6,
            "line",
            "! installing|! couldn't find module",
            r"^! (?:Installing the dependencies failed|Couldn't find module|Installing .* failed).*",
        ),
    ),
    *rules(
        "elixir",
        ("", EXCEPTION + 2, "indented", "** (", r"^\s*\*\* \((?P<exception>\w[\w.]*)\) .*"),
        (
            "compile_error",
            FAILURE - 2,
            "paragraph",
            "== compilation error",
            r"^== Compilation error (?:in|on) file (?P<file>\S+) ==$",
        ),
        (
            "test_failure",
            FAILURE + 2,
            "numbered",
            "test ",
            r"^\s+\d+\) (?:test|doctest|property) (?P<test>.+ \([\w.]+\))$",
        ),
        ("test_failure", SUMMARY, "line", " tests, | test, ", r"^(?:\d+ doctests?, )?\d+ tests?, [1-9]\d* failures?.*"),
    ),
    *rules(
        "r",
        ("", EXCEPTION - 4, "run", "error in ", r"^Error in .* ?:.*"),
        ("test_failure", MESSAGE, "indented", "... error|... warning", r"^\* checking .* \.\.\. ERROR$"),
        ("", WRAPPER + 4, "line", "execution halted", r"^Execution halted$"),
    ),
    *rules(
        "emacs",
        ("", EXCEPTION, "lisp", "debugger entered--lisp error", r"^Debugger entered--Lisp error: .*"),
        ("compile_error", MESSAGE + 4, "line", "error: ", r"^\S+\.el:\d+:\d+: ?Error: .*"),
        ("test_failure", MESSAGE, "line", "unexpected results", r"^\d+ unexpected results:?$"),
    ),
    *rules(
        "lua",
        ("", EXCEPTION, "stack", "lua: |luajit: |lua5", r"^\S*lua(?:jit|[\d.]*)?: \S+:\d+: .*"),
        ("test_failure", FAILURE - 4, "paragraph", "failure → |error → ", r"^(?:Failure|Error) → .*"),
    ),
    *rules(
        "julia",
        ("", EXCEPTION, "stack", "error: loaderror|error: ", r"^ERROR: (?:LoadError|\w+Error): .*"),
        (
            "test_failure",
            FAILURE - 2,
            "indented",
            "test failed at|error during test at",
            r"^.*(?:Test Failed|Error During Test) at .*",
        ),
    ),
    *rules(
        "awesome_bot",
        ("lint_error", FAILURE - 4, "paragraph", "> links", r"^> Links\s*$"),
    ),
    *rules(
        "sass",
        (
            "syntax_error",
            FAILURE - 8,
            "indented",
            "error: invalid css|error: illegal nesting|error: undefined|error: expected|error: inconsistent indentation",
            r"^Error: (?:Invalid CSS|Illegal nesting|Undefined (?:variable|mixin)|expected |Inconsistent indentation: ).*",
        ),
        (
            "compile_error",
            MESSAGE + 8,
            "run",
            "! latex error|! undefined control|! emergency stop|! package ",
            r"^! (?:LaTeX Error|Undefined control sequence|Emergency stop|Package .* Error).*",
        ),
    ),
)
