"""``banana search``: seen something like this? By words and by meaning, for words or for a whole log."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.text import cut, visible
from banana_assets.interfaces.cli.asked import Severity, moment, nearest
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, progress, say, write_rows

if TYPE_CHECKING:
    from banana_assets.backends.search import Search
    from banana_assets.core.search.types import Document, Filters, Hit

app = typer.Typer(add_completion=False)

TITLE, HELPED = 160, 320
"""Characters of a hit's title and of what helped that people are shown."""


class Kind(StrEnum):
    """What is searched."""

    pattern = "pattern"
    failure = "failure"
    resource = "resource"
    plan = "plan"
    template = "template"


class By(StrEnum):
    """How it is searched."""

    both = "both"
    words = "words"
    meaning = "meaning"


@app.command()
def search(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS...|FILE",
            help="What was seen, in any words; or a log, plain, .gz or .zst, which is explained first; - is standard "
            "input.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only these; repeat for more.", show_default=False)] = None,
    severity: Annotated[Severity | None, typer.Option(help="At least that severe.")] = None,
    source: Annotated[str | None, typer.Option(help="A program's log, pipeline, pipeline/job or host.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DAY|DURATION", help="Seen since then, or so long before the latest: 24h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY|TIME", help="Seen before then.")] = None,
    by: Annotated[By, typer.Option(help="Words alone start faster; meaning finds other words for the same.")] = By.both,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most hits.")] = 5,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew from the tables first.")] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="How hits are written.")] = Format.table,
) -> None:
    """Seen something like this? Finds patterns, failures with what helped, resource use, plans and templates."""
    from banana_assets.backends.search import folder_of, open_search, there_is_an_index
    from banana_assets.backends.settings import load

    settings = load()
    if not what and not rebuild:
        raise InputError("There is nothing to search for.", "Give words, or the file of a log.")
    if not rebuild and not there_is_an_index(settings):
        raise InputError(f"Nothing is indexed in {folder_of(settings)} yet.", "Run `banana materialize` first.")
    documents = _collected() if rebuild else None
    with open_search(settings, meaning=by is not By.words or rebuild) as index:
        if documents is not None:
            _rebuild(index, documents)
        if what:
            filters = _filters(index, kind, severity, source, since, until)
            hits = _hits(index, what, filters, by, limit)
            _write(hits, form)
        for note in index.notes:
            say(f"banana search: {note}")


def _collected() -> list[Document]:
    from banana_assets.backends.search.collecting import collect

    with opened_reading() as (store, tables), progress("Collecting what there is"):
        return collect(store, tables)


def _rebuild(index: Search, documents: list[Document]) -> None:
    with progress("Indexing") as shown:
        shown(f"{len(documents):,} documents")
        done = index.rebuild(documents)
    counted = ", ".join(f"{n:,} {kind}" for kind, n in done.documents.items()) or "nothing"
    say(f"banana search: indexed {counted} in {done.seconds:.1f} s by {done.mode}; {done.embedded:,} embedded anew.")


def _filters(
    index: Search,
    kinds: list[Kind] | None,
    severity: Severity | None,
    source: str | None,
    since: str | None,
    until: str | None,
) -> Filters:
    from banana_assets.core.search.types import Filters

    if source is not None and source not in (known := index.sources()):
        raise InputError(f"Nothing is known of the source {source}.", f"Near it are {nearest(source, known)}.")
    latest = index.latest() if since or until else None
    return Filters(
        kinds=tuple(k.value for k in kinds or ()),
        severity=severity.value if severity else None,
        source=source,
        since=moment(since, latest) if since else None,
        until=moment(until, latest) if until else None,
    )


def _hits(index: Search, what: list[str], filters: Filters, by: By, limit: int) -> list[Hit]:
    ask = index.by(by.value)
    if len(what) > 1 or not _is_log(what[0]):
        return ask(" ".join(what), filters, limit)
    from banana_assets.backends.search.seen import questions, with_same
    from banana_assets.backends.settings import load
    from banana_assets.core.safety.secrets import mask
    from banana_assets.core.search.types import joined

    asked = questions(what[0], load())
    say(f"banana search: {visible(mask(asked.said).text)}")
    found = joined([ask(question, filters, limit) for question in asked.texts])[:limit]
    return with_same(index, found, asked.fingerprint, filters, load())[:limit]


def _is_log(told: str) -> bool:
    """Whether a file is meant: one that is there, or a name that can only be one's."""
    if told == "-":
        return True
    try:
        if Path(told).is_file():
            return True
    except (OSError, ValueError):
        # Longer than any file's name may be, or with a character that none has.
        return False
    return " " not in told and (told.startswith(("./", "../", "~/")) or told.endswith((".log", ".log.gz", ".log.zst")))


def _write(hits: list[Hit], form: Format) -> None:
    if form is not Format.table:
        rows = [
            {"score": h.score, "words": h.words, "cosine": h.cosine, "same": h.same}
            | {name: value for name, value in h.document.row().items() if name not in ("essence", "content_hash")}
            for h in hits
        ]
        write_rows(rows, form)
        return
    if not hits:
        say("banana search: nothing like that is known.")
    for position, hit in enumerate(hits, 1):
        document = hit.document
        found = "the same failure" if hit.same else ", ".join(_how(hit))
        lines = [f"{position:>2}  {document.kind} {document.key}  ({found})", f"    {_cut(document.title, TITLE)}"]
        seen = _seen(document.first_seen, document.last_seen)
        where = [f"build {document.build_id}" if document.build_id else "", document.place or ""]
        facts = {
            "seen": ", ".join(part for part in (seen, document.severity or "", *where) if part),
            "of": ", ".join(document.sources[:4]),
            "helped": _cut(document.helped or "", HELPED),
        }
        lines += [f"    {name:8}{value}" for name, value in facts.items() if value]
        sys.stdout.write(visible("\n".join(lines)) + "\n")


def _how(hit: Hit) -> list[str]:
    said = []
    if hit.words is not None:
        said.append(f"{hit.words:.0%} of the words")
    if hit.cosine is not None:
        said.append(f"meaning {hit.cosine:.2f}")
    return said


def _seen(first: datetime | None, last: datetime | None) -> str:
    if last is None:
        return ""
    end = f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {end}" if first and f"{first:%Y-%m-%d %H:%M}" != end else end


def _cut(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return cut(flat, most)
