"""``banana keys``: who may ask over HTTP and MCP."""

from __future__ import annotations

import getpass
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.vocabulary import SCOPES
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, say, to_json, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from banana_assets.backends.keys import Keys
    from banana_assets.backends.sessions import Sessions

app = typer.Typer(add_completion=False, no_args_is_help=True)

CREATE = "banana keys create NAME"

Scope = StrEnum("Scope", list(SCOPES))  # type: ignore[misc]


@app.callback()
def keys() -> None:
    """Make, list and revoke the keys of callers, and links to the dashboard."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will use it: a person, a machine, an agent.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What it may do; repeat for more. `read` unless told; `admin` holds all."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it is over; never unless told.")] = None,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="How it is written; a table is the key alone.")
    ] = Format.table,
) -> None:
    """Make a key and print it, this once. From the first key on nobody enters without one."""
    now = datetime.now(UTC)
    scopes = [one.value for one in scope] if scope else ["read"]
    ends = now + timedelta(days=days) if days else None
    with _keys() as held:
        text = held.create(name, scopes, by=getpass.getuser(), at=now, expires_at=ends)
        if form is Format.table:
            sys.stdout.write(text + "\n")
        else:
            # Not write_object, which masks what looks like a key.
            made = {"name": name, "scopes": scopes, "expires_at": ends, "key": text}
            sys.stdout.write(to_json(made, indent=form is Format.json) + "\n")
        say(f"banana keys: {name} may {', '.join(scopes)}. The key is shown this once; it is stored as a digest.")


@app.command("list")
def show(form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table) -> None:
    """List the keys, the newest first; of none more than its id."""
    from banana_assets.backends.access_reading import key_list

    with opened_reading(CREATE) as (store, _):
        found = key_list(store.records)
        write_rows(list(found.iter_rows(named=True)), form, columns=found.columns)
        if not found.height:
            say("banana keys: there are none; this machine alone may ask.")


@app.command()
def login(
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What may be done there; repeat for more. `read` and `report` unless told."),
    ] = None,
    name: Annotated[str, typer.Option(help="Who will look; you unless told.")] = "",
    at: Annotated[str, typer.Option(help="Address under which the server is reached.")] = "http://127.0.0.1:8000",
) -> None:
    """Print a link that opens the dashboard: it works once, within ten minutes, and lasts seven days."""
    scopes = [one.value for one in scope] if scope else ["read", "report"]
    with _sessions() as held:
        code = held.invite(name, scopes, by=getpass.getuser(), at=datetime.now(UTC))
    sys.stdout.write(f"{at.rstrip('/')}/login?code={code}\n")
    say("banana keys: the link works once, within ten minutes.")


@app.command()
def sessions(form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table) -> None:
    """List who looks at the dashboard, and links that nobody opened, the newest first."""
    from banana_assets.backends.access_reading import session_list

    with opened_reading("banana keys login") as (store, _):
        found = session_list(store.records)
        write_rows(list(found.iter_rows(named=True)), form, columns=found.columns)
        if not found.height:
            say("banana keys: nobody was let in by a link.")


@app.command()
def revoke(
    ident: Annotated[str, typer.Argument(help="Id of a key or a session, as `list` and `sessions` show it.")],
) -> None:
    """End a key or a session. A server that knew the key may take it for two seconds more."""
    from banana_assets.backends.access_reading import session_list

    ident, now = ident.strip(), datetime.now(UTC)
    with opened_reading(CREATE) as (store, _):
        is_session = ident in session_list(store.records)["session_id"]
    with _keys() as held, _sessions() as opened:
        among: Keys | Sessions = opened if is_session else held
        if not among.revoke(ident, now):
            raise InputError(f"{ident} was over before.", "`banana keys list` and `banana keys sessions` show when.")
        say(f"banana keys: {ident} is revoked.")


@contextmanager
def _keys() -> Iterator[Keys]:
    """The keys, in a store that is made where there is none: a key may be the first thing in it."""
    from banana_assets.backends.keys import Keys, server_secret
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store

    settings = load()
    with open_store(settings) as store:
        yield Keys(store.engine, server_secret(settings))


@contextmanager
def _sessions() -> Iterator[Sessions]:
    from banana_assets.backends.keys import server_secret
    from banana_assets.backends.sessions import Sessions
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store

    settings = load()
    with open_store(settings) as store:
        yield Sessions(store.engine, server_secret(settings))
