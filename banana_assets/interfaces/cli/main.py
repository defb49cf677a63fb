"""The ``banana`` command: finds the named command and imports only that one.

``--help`` needs no third-party import at all, since a command line is judged by how fast it answers.
Exit status: 0 ok, 1 findings or a handled failure, 2 usage, input or configuration, 4 not allowed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EBADF
from importlib import import_module
from io import TextIOBase, TextIOWrapper

from banana_assets import __version__


@dataclass(frozen=True)
class Command:
    """Where a command's Typer app lives, and the line that the overview shows. ``module`` is empty for a command that
    another distribution entry (group ``banana.commands``) provides."""

    module: str
    summary: str


_HERE = "banana_assets.interfaces.cli"
STOPPED = 130
COMPLETE = "__complete"
"""What the scripts of `banana completion` ask with."""
GROUPS: dict[str, dict[str, Command]] = {
    "Start here": {
        "demo": Command("", "Show the whole of it on recorded samples: ingest, materialize, report"),
        "diagnose": Command(f"{_HERE}.diagnose", "Explain failed builds from their logs; files need no store"),
        "mine": Command(f"{_HERE}.mine", "Find the templates of a log file; needs no store"),
    },
    "Series": {
        "forecast": Command(f"{_HERE}.forecast", "Forecast what is stored, or a file, with 80 % and 95 % intervals"),
        "anomalies": Command(f"{_HERE}.anomalies", "Find readings that stand out, in what is stored or in a file"),
    },
    "Bring in": {
        "ingest": Command(f"{_HERE}.ingest", "Take in logs, builds, tasks, media and resource series"),
        "import": Command(f"{_HERE}.importing", "Bring in jobs of GitHub Actions or GitLab"),
        "deliveries": Command(f"{_HERE}.deliveries", "List what webhooks brought; take one in again"),
        "record": Command(f"{_HERE}.record", "Run a command and keep it as a build"),
        "watch": Command(f"{_HERE}.watch", "Take readings of this host, processes or exporters while it runs"),
    },
    "Compute": {
        "materialize": Command("", "Compute the assets from what came in"),
        "up": Command("", "Start Dagster's UI and daemon"),
        "agent": Command(f"{_HERE}.agent", "Report on failed builds through a server, once or as a service"),
        "serve": Command(f"{_HERE}.serve", "Answer coding agents and front ends over HTTP"),
        "mcp": Command(f"{_HERE}.mcp", "Answer a coding agent over the Model Context Protocol"),
    },
    "Look": {
        "ask": Command(f"{_HERE}.ask", "Answer a question in words from what is stored, or say what is missing"),
        "search": Command(f"{_HERE}.search", "Seen something like this? Find patterns, failures and what helped"),
        "health": Command(f"{_HERE}.health", "Score the pipelines, say what cost points, compare success metrics"),
        "builds": Command(f"{_HERE}.builds", "List builds, why they failed, and whether that is new"),
        "build": Command(f"{_HERE}.build", "Show one build in full"),
        "compare": Command(f"{_HERE}.compare", "Show what differs between a failed build and the last green one"),
        "codebase": Command(f"{_HERE}.codebase", "Show what a code base is made of, and what changed before a failure"),
        "flaky": Command(f"{_HERE}.flaky", "List tests that fail by chance; put one in quarantine"),
        "patterns": Command(f"{_HERE}.patterns", "List log patterns; resolve, mute or reopen one"),
        "bottlenecks": Command(f"{_HERE}.bottlenecks", "List what holds things up, with the evidence"),
        "recommend": Command(f"{_HERE}.recommend", "List what is worth doing; say what is implemented or dismissed"),
        "plans": Command(f"{_HERE}.plans", "List plans, where they stand and what became of them"),
        "plan": Command(f"{_HERE}.plan", "Show, export and follow one plan; launch its steps that are ours"),
        "why": Command(
            f"{_HERE}.why", "Walk from a plan's step to the lines that it rests on and where they came from"
        ),
        "analyze": Command(
            f"{_HERE}.analyze", "Report health, bottlenecks, patterns and recommendations of a span of time"
        ),
    },
    "Media": {
        "media": Command(f"{_HERE}.media", "Look at media; decide about values proposed for what is missing"),
        "metadata": Command(
            f"{_HERE}.optimize_metadata", "Say how complete and valid metadata are; propose what is missing"
        ),
    },
    "Plan": {
        "generate": Command(f"{_HERE}.generate_plan", "Plan a goal in words out of what the tables hold about it"),
        "schedule": Command(f"{_HERE}.schedule", "Say in which order, how many at once and when work should run"),
        "templates": Command(
            f"{_HERE}.templates", "List, search, export, import and delete templates of plans that worked"
        ),
    },
    "Look after": {
        "doctor": Command(f"{_HERE}.doctor", "Check that this installation works; say how to mend what does not"),
        "models": Command(f"{_HERE}.models", "Show the language models that are set up, and what may be spent"),
        "costs": Command(f"{_HERE}.costs", "Sum up what language models were asked and what it cost"),
        "keys": Command(f"{_HERE}.keys", "Make, list and revoke the keys of callers"),
        "config": Command(f"{_HERE}.config", "Show every setting and where it comes from"),
        "migrate": Command(f"{_HERE}.migrate", "Bring the records database to this version"),
        "completion": Command(f"{_HERE}.completion", "Print the script that completes commands in a shell"),
    },
}
LONG_NAMES = {
    "analyze": "analyze-system-performance",
    "generate": "generate-optimized-plan",
    "metadata": "optimize-metadata",
    "templates": "manage-plan-templates",
    "doctor": "test-llm-planning",
    "schedule": "optimize-resource-schedule",
}
"""Commands of the original program, by their short names here; both do the same."""
SHORT_NAMES = {long: short for short, long in LONG_NAMES.items()}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}
COMMANDS |= {long: COMMANDS[short] for short, long in LONG_NAMES.items()}


def overview() -> str:
    """The text of ``banana --help``."""
    width = max(map(len, (name for group in GROUPS.values() for name in group)))
    lines = [
        "Usage: banana COMMAND [OPTIONS]",
        "",
        "Turns raw logs and CI builds into patterns, diagnoses, forecasts, recommendations and plans.",
    ]
    for title, group in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:{width}}  {command.summary}" for name, command in group.items())]
    longest = max(map(len, LONG_NAMES.values()))
    lines += ["", "Longer names:", *(f"  {long:{longest}}  {short}" for short, long in LONG_NAMES.items())]
    lines += ["", "`banana COMMAND --help` or `banana help COMMAND` explains one command."]
    return "\n".join([*_fitted(lines, width + 4), ""])


def _fitted(lines: list[str], hanging: int) -> list[str]:
    """The lines in the width of a terminal, which only a narrow one has to be read for."""
    if not sys.stdout.isatty():
        return lines
    import shutil
    import textwrap

    room = max(hanging + 14, shutil.get_terminal_size().columns)
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, room, subsequent_indent=" " * (hanging if line[:1] == " " else 0)) or [""]
    ]


def load(name: str) -> object:
    """The Typer app of a command."""
    command = COMMANDS[name]
    if command.module:
        return import_module(command.module).app
    from importlib.metadata import entry_points

    return next(iter(entry_points(group="banana.commands", name=name))).load()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    words = sys.argv[1:] if arguments is None else arguments
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif isinstance(sys.stdout, TextIOWrapper) and sys.stdout is sys.__stdout__:
        out = sys.stdout
        sys.stdout = _Answers(
            # A terminal or a name of a file may have, or lack, characters that the other does not.
            out.detach(), out.encoding, "backslashreplace",
            line_buffering=out.line_buffering, write_through=out.write_through,
        )  # fmt: skip
        # Whoever asks how wide the terminal is asks the stream that the program began with, which has no file any more.
        sys.__stdout__ = sys.stdout  # type: ignore[misc]
    try:
        status = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("banana: stopped.\n")
        status = STOPPED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong, and the interpreter must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except _UnwrittenError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stderr.write(f"banana: the answer could not be written: {error}.\n")
        status = 1
    sys.exit(status)


class _UnwrittenError(Exception):
    """Stdout takes no more: its disk is full, or who started us closed it."""


class _Answers(TextIOWrapper):
    """Stdout, whose failures are told from those of other files."""

    def write(self, text: str, /) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


class _Closed(TextIOBase):
    """In place of a stdout that was closed before (`>&-`): what answers nothing goes on."""

    def write(self, text: str, /) -> int:
        with _told():
            raise OSError(EBADF, os.strerror(EBADF))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _UnwrittenError(error.strerror) from error


def _run(words: list[str]) -> int:
    if words[:1] == ["help"] and len(words) > 1:
        words = [*words[1:], "--help"]
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(overview())
        return 0
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"banana {__version__}\n")
        return 0
    if words[0] == COMPLETE:
        from banana_assets.interfaces.cli.completing import answer

        answer(words[1:])
        return 0
    name = words[0]
    if name not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(name, COMMANDS, 1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        sys.stderr.write(f"banana: there is no command {name!r}.{hint} `banana --help` lists them.\n")
        return 2
    from banana_assets.interfaces.cli.running import run

    return run(load(name), name, words[1:])


if __name__ == "__main__":
    main()
