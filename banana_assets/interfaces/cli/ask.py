"""``banana ask``: a question in words, answered from what is stored, with where each figure comes from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_object

if TYPE_CHECKING:
    from banana_assets.backends.asking import Answered
    from banana_assets.backends.llm import Models
    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.tables import Tables

app = typer.Typer(add_completion=False)

QUOTED = 3
"""So many lines of a citation are shown to people."""


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(metavar="QUESTION...", help="What you want to know, in English.")],
    form: Annotated[Format, typer.Option("--format", "-f", help="Text for people, or one JSON object.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Ask no language model which question is meant.")
    ] = False,
) -> None:
    """Answer a question from the tables, with the rows and log lines that the answer rests on.

    What is not in the data is not answered: then it says what would have to be brought in, and exits with 1.
    """
    from datetime import UTC, datetime

    from banana_assets.backends.asking import ask as answered

    text = " ".join(question).strip()
    if not text:
        raise InputError("There is no question.", 'Ask one: `banana ask "why did the last build fail?"`.')
    with _opened(asks=not no_model) as (store, tables, models):
        answer = answered(store, tables, text, now=datetime.now(UTC), models=models)
    form = Format.json if as_json else form
    if form is Format.table:
        _write(answer)
    else:
        write_object(asdict(answer), form)
    if not answer.answered:
        raise typer.Exit(1)


@contextmanager
def _opened(*, asks: bool) -> Iterator[tuple[ReadingStore, Tables, Models | None]]:
    """The store, the tables and the models to ask, where one is set up: what it is asked is written down."""
    from banana_assets.backends.llm.configured import tiers
    from banana_assets.backends.settings import load

    if asks and tiers(load()).all():
        from banana_assets.backends.llm import open_models

        with opened() as (store, tables):
            yield store, tables, open_models(store.settings, store.engine)
    else:
        with opened_reading() as (reading, tables):
            yield reading, tables, None


def _write(answer: Answered) -> None:
    if answer.by != "words" and answer.query:
        say(f"banana ask: {answer.by} read this as {answer.query}.")
    if answer.unused and answer.query:
        say(f"banana ask: not used of the question: {', '.join(answer.unused)}.")
    if not answer.answered:
        say(f"banana ask: {answer.missing}")
        return
    sys.stdout.write(visible(answer.answer) + "\n")
    if answer.facts:
        sys.stdout.write("\nFrom:\n")
    for told in answer.facts:
        sys.stdout.write(visible(f"  {told['table']} {told['key']}: {told['fact']}") + "\n")
        cited = told["citation"]
        if cited:
            lines = cited["quote"].split("\n")
            for number, line in enumerate(lines[:QUOTED], cited["first_line"]):
                sys.stdout.write(
                    visible(f"    {cited['build_id'] or cited['sha256'][:12]}:{number}: {line[:200]}") + "\n"
                )
