"""``banana watch``: take readings of the host, of processes, or of Prometheus exporters, as long as it runs."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural, seconds_text
from banana_assets.interfaces.cli.output import say

app = typer.Typer(add_completion=False)

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@app.command(context_settings={"allow_interspersed_args": False})
def watch(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND ARGS...]", help="Run it and watch it.", show_default=False),
    ] = None,
    interval: Annotated[str, typer.Option(metavar="DURATION", help="Time between readings: 500ms, 5s, 1m.")] = "5s",
    duration: Annotated[
        str | None, typer.Option(metavar="DURATION", help="End after that time: 90s, 10m, 8h; else when stopped.")
    ] = None,
    pid: Annotated[list[int] | None, typer.Option(help="Watch a process and its children; repeat for more.")] = None,
    url: Annotated[list[str] | None, typer.Option(help="Watch a Prometheus exporter; repeat for more.")] = None,
    match: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Metrics of exporters wanted.")] = None,
    host: Annotated[
        bool | None, typer.Option("--host/--no-host", help="Watch this host; yes unless something else is watched.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="What the watched is called; told from it unless given.")] = None,
) -> None:
    """Take readings of CPU, memory, disk and network until it is stopped, and keep them in the store."""
    from banana_assets.backends.settings import load
    from banana_assets.backends.watcher import Told, watch_all

    told = Told(
        interval=_seconds(interval, "interval", least=0.1),
        duration=None if duration is None else _seconds(duration, "duration", least=0.0),
        pids=tuple(pid or ()),
        urls=tuple(url or ()),
        match=tuple(match or ()),
        command=tuple(command or ()),
        host=not (pid or url or command) if host is None else host,
        source=source,
    )
    done = watch_all(load(), told, lambda text: say(f"banana watch: {text}"))
    say(
        f"banana watch: {plural(done.readings, 'reading')} in {seconds_text(done.seconds)}, "
        f"{done.stored:,} stored. `banana materialize` computes what follows from them."
    )
    raise typer.Exit(done.status)


def _seconds(text: str, what: str, *, least: float) -> float:
    """A duration such as ``500ms``, ``5s``, ``10m``; a bare number is seconds."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)(ms|[smhd])?", text.strip())
    if match is None:
        raise InputError(f"{text!r} is no {what}.", "Write it as 500ms, 5s, 10m, 8h or 2d.")
    seconds = float(match[1]) * (1e-3 if match[2] == "ms" else _UNITS[match[2] or "s"])
    if seconds < least or seconds == 0:
        raise InputError(f"An {what} of {text} is too short.", f"The least is {max(least, 0.1):g} s.")
    return seconds
