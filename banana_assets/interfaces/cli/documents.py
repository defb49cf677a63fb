"""Commands that answer with one document: the form it is written in, and the file it goes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from banana_assets.interfaces.cli.output import check_writable, on_stdout, say, write_text
from banana_assets.interfaces.cli.running import command_path


class Form(StrEnum):
    """How a document is written."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    markdown = "markdown"
    csv = "csv"


_BY_SUFFIX = {
    ".csv": Form.csv,
    ".jsonl": Form.jsonl,
    ".md": Form.markdown,
    ".markdown": Form.markdown,
    ".txt": Form.text,
}


class Forms(click.Choice[Form]):
    """The forms that a command has. ``table`` is another word for text: so lists call what is for people."""

    def __init__(self, *forms: Form) -> None:
        super().__init__(forms)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Form:
        """The form that the word names."""
        return super().convert(Form.text if value == "table" else value, param, ctx)


def _checked(path: Path | None) -> Path | None:
    if path is not None and not on_stdout(path):
        check_writable(path)
    return path


Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write; stdout unless told.", dir_okay=False, callback=_checked),
]
"""Whether it can be written is looked at before anything is done that takes long or is kept."""


def chosen(told: Form | None, output: Path | None, forms: Forms) -> Form:
    """The form that was told; else text on stdout, and in a file that of its suffix, or JSON."""
    if told is not None:
        return told
    if output is None or on_stdout(output):
        return Form.text
    by_suffix = _BY_SUFFIX.get(output.suffix.lower(), Form.json)
    return by_suffix if by_suffix in forms.choices else Form.json


def write_document(text: str, output: Path | None) -> None:
    """The document, where it was asked for."""
    if write_text(text, output):
        say(f"{command_path()}: wrote {output}.")


def parts(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A report as rows that name their part: single values together first, then each list a row per item."""
    inner = {name: value for name, value in report.items() if isinstance(value, dict | list)}
    yield {"part": "report"} | {name: value for name, value in report.items() if name not in inner}
    for name, value in inner.items():
        for row in value if isinstance(value, list) else [value]:
            yield {"part": name} | (row if isinstance(row, dict) else {"said": row})
