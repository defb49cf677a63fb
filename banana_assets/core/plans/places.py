"""Which places of a project a failure names: what somebody can open and change, and the code that raised it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from banana_assets.core.advice.facts import Facts, extract, locations
from banana_assets.core.codebase.names import is_test

_FOREIGN_PATH = re.compile(
    r"""(?x)
    (?:site|dist)-packages[\\/] | [\\/]lib(?:64)?[\\/](?:python|ruby|jvm)[\w.-]*[\\/] | [\\/]Python\d+[\\/][Ll]ib[\\/]
    | <frozen\b | ^<\w+>
    | [\\/](?:usr|mingw\w*)[\\/](?:local[\\/])?(?:lib(?:32|64|exec)?|include|share|go)[\\/]
    | (?:^|[\\/])(?:node_modules|bower_components|vendor|third_party|third-party|gems|hostedtoolcache|_actions)[\\/]
    | (?:^|[\\/])\.(?:cargo|rustup|gradle|m2|nuget|pyenv|nvm|rbenv|rvm|sdkman|conan2?|tox|nox|yarn|pnpm-store)[\\/]
    | ^[\\/]rustc[\\/] | [\\/]library[\\/](?:core|std|alloc|test|proc_macro)[\\/]src[\\/] | [\\/]pkg[\\/]mod[\\/]
    | ^[\\/]nix[\\/]store[\\/] | ^[\\/]_[\\/]src[\\/] | (?:^|[\\/])Xcode[\w.]*\.app[\\/] | ^(?:node:)?internal[\\/]
    """
)
_FOREIGN_FRAME = re.compile(
    r"^\s*at (?:[\w.$]+(?:@[\w.]+)?/)?(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|org\.codehaus\.groovy|"
    r"org\.(?:junit|testng|hamcrest|assertj|mockito|opentest4j|gradle|apache\.maven)|junit|System|Microsoft|Xunit|NUnit)"
    r"\.|\((?:native:)?node:|<frozen "
)
"""A frame of a stack whose file has no folder: its package tells that it is none of the project."""

_ENTERED = re.compile(
    r"^(?:E? *)File \"(?P<file>[^\"]+)\", line (?P<line>\d+)"
    r"|^(?P<at>[\w./\\+@-]+\.\w+):(?P<n>\d+):(?: in \S.*| (?P<raised>[A-Z][\w.]*)| ?)$"
)
"""A frame of a stack that is told from the outside in."""
_CAME_FROM = re.compile(
    r"^\s*(?:at |❯ |# |from )(?:.*[\s(@])?(?P<file>(?:[A-Za-z]:)?[\w./\\+@-]*[\w+-]\.[A-Za-z]\w{0,9}):(?P<line>\d+)"
    r"(?::\d+)?(?:\)|:in .*|\s*)$"
    r"|^\t(?P<go>[\w./@+-]+\.go):(?P<n>\d+)(?: \+0x\w+)?$"
)
"""A frame of a stack that is told from the inside out."""
_STACK_ENDS = re.compile(r"^_{3,} .+ _{3,}$|^Traceback \(most recent call last\)|^[A-Za-z_][\w.]*(?:Error|Exception)\b")


def is_foreign(place: str) -> bool:
    """Whether a path is of a library, a toolchain or the system, or is kept in the project as a copy of one."""
    return _FOREIGN_PATH.search(place) is not None


def own_places(text: str) -> tuple[str, ...]:
    """``file:line`` of the project in the lines of a failure, in the order of appearance, without repeats."""
    lines = (line for line in text.split("\n") if not _FOREIGN_FRAME.search(line))
    return tuple(place for place in locations("\n".join(lines)) if not is_foreign(place))


def facts(text: str, reason: str, category: str) -> Facts:
    """What the lines of a failure name, with places of the project alone; the ones of the ``reason`` of its diagnosis
    come first. An error's code is that of its own place."""
    places = tuple(dict.fromkeys((*own_places(reason), *own_places(text))))
    named = extract(text).named
    if category in ("compile_error", "type_error") and places and "code" in named:
        first = extract(_said_at(places[0], text)).named.get("code", ())
        named = {k: v for k, v in named.items() if k != "code"} | ({"code": first} if first else {})
    return Facts(places, named)


def _said_at(place: str, text: str) -> str:
    """The line that names a place first, with the one before it where it does nothing else."""
    file, _, number = place.rpartition(":")
    at = re.compile(rf"{re.escape(file)}(?::|\(|:\[|\", line ){number}\b")
    lines = text.split("\n")
    found = next((n for n, line in enumerate(lines) if at.search(line)), None)
    if found is None:
        return text
    alone = lines[found].lstrip().startswith(("-->", "at ", "File "))
    return "\n".join(lines[max(0, found - alone) : found + 1])


def raising(text: str) -> tuple[str, ...]:
    """``file:line`` of the innermost frame of the project in each stack of the text, where it is no test's."""
    found = (next((p for p in stack if not is_foreign(p)), None) for stack in _stacks(text))
    return tuple(dict.fromkeys(p for p in found if p and not is_test(p.rpartition(":")[0])))


def framed(text: str) -> frozenset[str]:
    """Every ``file:line`` that is a frame of a stack."""
    return frozenset(place for stack in _stacks(text) for place in stack)


def _stacks(text: str) -> Iterator[Sequence[str]]:
    """The frames of each stack as ``file:line``, the innermost first."""
    outside_in: list[str] = []
    inside_out: list[str] = []
    for line in text.split("\n"):
        entered, came = _ENTERED.match(line), _CAME_FROM.match(line)
        if entered:
            outside_in.insert(0, f"{entered['file'] or entered['at']}:{entered['line'] or entered['n']}")
        if outside_in and ((entered and entered["raised"]) or _STACK_ENDS.match(line)):
            yield outside_in
            outside_in = []
        if came and not _FOREIGN_FRAME.search(line):
            inside_out.append(f"{came['file'] or came['go']}:{came['line'] or came['n']}")
        elif inside_out and not came and not _FOREIGN_FRAME.search(line):
            yield inside_out
            inside_out = []
    yield from (stack for stack in (outside_in, inside_out) if stack)
