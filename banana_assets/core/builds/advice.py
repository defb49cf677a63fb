"""What to do next about a failure of a class, in one sentence."""

# ruff: noqa: E501 - a pattern or sentence is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

_STEPS = {
    "missing_dependency": "Check that the dependency named there exists in that version and is declared, then install again.",
    "test_failure": "Run the failing test alone on the same commit; if it passes there, compare the environment.",
    "timeout": "Find what it was waiting for at that line; raise the limit only if the work is known to take that long.",
    "syntax_error": "Open the file at the line named there: it cannot be parsed.",
    "access_error": "Check that the token, key or permission that this step uses exists, is valid and is granted to this job.",
    "compile_error": "Open the first error's file and line; later errors often follow from it.",
    "type_error": "Open the first error's file and line and make the types agree.",
    "lint_error": "Run the linter or formatter locally with its fix option and commit what it changes.",
    "out_of_memory": "Lower the parallelism or give the job more memory; look for what grew since the last green build.",
    "disk_full": "Free or enlarge the disk of this runner; look at caches and build artefacts first.",
    "network_error": "Run it again; if it fails the same way, check the remote service and add retries or a mirror.",
    "configuration_error": "Correct the setting, option or file named there, and run the same step locally.",
    "infrastructure_error": "Run it again on another runner; if it repeats, look at the runner's own log.",
    "container_build_error": "Build the image locally up to the step that failed and run its command there.",
    "version_control_error": "Check that the branch, tag or commit named there still exists and that the checkout is clean.",
    "crash": "Reproduce it with the command of the failing step and look at the innermost frame of your own code.",
    "cancelled": "Find out who or what cancelled it; there may be nothing to mend.",
    "": "Nothing to mend: the log does not say that the build failed.",
    "unknown": "Read the end of the failing step; compare with the last green build of the same job (`--against`).",
}


_NAME = r"[\w@][\w.@/+-]{0,80}"
_PACKAGE = r"(?:@[\w.-]{1,60}/)?[A-Za-z0-9][\w.-]{0,80}"
_RELATIVE = r"\.{1,2}/[\w./@+-]{1,100}"
_FILE = r"(?P<file>[\w@./\\+-]{1,120}\.[A-Za-z]\w{0,9})"

_NAMED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("missing_dependency", (rf"No module named '?(?P<name>{_NAME})",), "Declare and install the package that provides `{name}`; where it is the project's own, install the project or put its folder on the path."),
    ("missing_dependency", (rf"TS7016: Could not find a declaration file for module '(?P<name>{_NAME})'",), "Install the types of `{name}` (`npm install --save-dev`, as the message says) or declare the module."),
    ("missing_dependency", (rf"TS2688: Cannot find type definition file for '(?P<name>{_NAME})'",), "Add the types of `{name}` to the development dependencies and install again, or take it out of `types`."),
    ("missing_dependency", (rf"(?:Cannot find (?:module|package) |Can't resolve |[Ff]ailed to resolve import |Could not resolve )['\"](?P<name>{_PACKAGE})['\"/]", rf"Failed to load url (?P<name>{_PACKAGE})[ /]"), "Declare `{name}` in package.json and install it (`npm install {name}`, or the same with your package manager), then commit the lockfile."),
    ("missing_dependency", (rf"(?P<name>{_NAME}): (?:command )?not found", rf"'(?P<name>{_NAME})' is not recognized", rf"exec: \"(?P<name>{_NAME})\": executable file not found"), "Install the command `{name}` in the image of this job, or put its folder on the PATH."),
    ("missing_dependency", (rf"no required module provides package (?P<name>{_NAME}[\w/])",), "Run `go get {name}` and commit go.mod and go.sum."),
    ("missing_dependency", (rf"cannot load such file -- (?P<name>{_NAME})", rf"Could not find gem '(?P<name>{_NAME})"), "Declare the gem that provides `{name}` in the Gemfile and run `bundle install`."),
    ("missing_dependency", (rf"(?:satisfies the requirement|No matching distribution found for) (?P<name>{_NAME})", rf"no matching package named [`'](?P<name>{_NAME})[`']", rf"Couldn't find any versions for \"(?P<name>{_NAME})\"", rf"Unable to locate package (?P<name>{_NAME})"), "Check that `{name}` exists under that name, in that version and for this platform, where packages are installed from."),
    ("test_failure", (rf"(?:Cannot find (?:module|package) |[Ff]ailed to resolve import )['\"](?P<name>{_RELATIVE})['\"]", rf"Failed to load url (?P<name>{_RELATIVE}) "), "Check that the file `{name}` is there under that very name and committed, or mend the import: no test of that file ran."),
    ("missing_dependency", (rf"Cannot find (?:module|package) '(?P<name>{_RELATIVE})'",), "Check that the file `{name}` is there under that very name and committed, or mend the import."),
    ("access_error", (rf"(?:^|: )(?P<name>[\w./-]{{0,80}}\.(?:sh|bash|py|rb|pl)|{_RELATIVE}): Permission denied",), "Make `{name}` executable (`git update-index --chmod=+x {name}` keeps it so), or start it with its interpreter."),
    ("access_error", (r"['‘](?P<name>/[\w./@+-]{1,120})['’]: Permission denied", r"Permission denied: '(?P<name>[\w./@+-]{1,120})'"), "Check who owns `{name}`, and give the user that this step runs as the right to it."),
    ("type_error", (rf"TS2307: Cannot find module '(?P<name>{_RELATIVE})'",), "Check that the file `{name}` is there under that very name and committed, or mend the import."),
    ("test_failure", (r"ERROR collecting (?P<name>[\w./\\+-]{1,120})", r"loading conftest '(?P<name>[\w./\\+-]{1,120})'", r"_FailedTest\.(?P<name>[\w.]{1,100})", r"(?:^|\s)(?P<name>[\w./+-]{1,100}) \[ [\w./+-]{1,100} \]:"), "Mend the error that is named: `{name}` cannot be loaded, so that none of its tests ran."),
    ("test_failure", (r"Test suite failed to run",), "Mend the error that is named: the file of tests cannot be loaded, so that none of its tests ran."),
    ("syntax_error", (rf"(?:^|[\s(']){_FILE}:(?:line )?(?P<line>\d+)\b", rf"{_FILE}\((?P<line>\d+),\d+\)", rf"{_FILE}: line (?P<line>\d+)\b", rf"{_FILE}: Unexpected token.* \((?P<line>\d+):\d+\)", rf"in {_FILE} on line (?P<line>\d+)"), "Open `{file}` at line {line}: it cannot be parsed."),
    ("configuration_error", (r"KeyError: '(?P<name>[A-Z][A-Z0-9_]{1,60})'", r": (?P<name>[A-Z][A-Z0-9_]{1,60}): (?:unbound variable|must be set|parameter (?:null or )?not set|.{0,60}\bnot set\b)"), "Set `{name}` in the environment of this step."),
    ("version_control_error", (r"Merge conflict in (?P<name>[\w./+-]{1,120})",), "Merge or rebase locally, resolve the conflict in `{name}` and commit it."),
    ("compile_error", (rf"fatal error: '?(?P<name>{_NAME}\.h\w*)'?(?:: No such file| file not found)", rf"cannot find -l(?P<name>{_NAME})"), "Install the development package that holds `{name}` in this job, or mend the search path."),
)  # fmt: skip
"""What to do where the message names it: the class of failure, by what the name is known, and the sentence. Only what
can be a name or a path is taken over: the log is written by others."""


@cache
def _patterns(number: int) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in _NAMED[number][1])


def next_step(category: str, tool: str | None, failing: Sequence[str], reason: str = "") -> str:
    """One sentence for a person, from what the ``reason`` of the diagnosis names where it names something."""
    for number, (of, _, told) in enumerate(_NAMED):
        found = next((m for p in _patterns(number) if (m := p.search(reason))), None) if of == category else None
        if found is not None:
            return told.format(**found.groupdict())
    if category == "test_failure" and failing:
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        return f"Run `{failing[0][:120]}`{more} alone on the same commit; if it passes there, compare the environment."
    if category == "lint_error" and tool:
        return f"Run {tool} locally, with its fix option where it has one, and commit what it changes."
    return _STEPS[category]
