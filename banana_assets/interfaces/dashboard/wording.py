"""Texts, times and figures as pages show them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from banana_assets.core.safety.secrets import mask
from banana_assets.core.text import visible

NONE = "–"


def shown(value: Any) -> Any:
    """What a template prints: markup as it is, any other text without secrets and with its controls visible."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(mask(value).text)


def address(*parts: str, **query: Any) -> Markup:
    """A path of ours: ``address("build", ident, first=3)``; each part is quoted whole, none of the query's is None."""
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    told = {name: value for name, value in query.items() if value not in (None, "")}
    return Markup("{}").format(path + (f"?{urlencode(told, doseq=True)}" if told else ""))


def moment(value: datetime | str | None, *, exact: bool = False) -> Markup | str:
    """A time element in UTC; the browser says it in its own zone, and how long ago that was (``exact``: to the second,
    as rows of series need it)."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if at is None:
        return NONE
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if exact:
        return Markup('<time datetime="{}" data-exact>{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S} UTC")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M} UTC")


def span(value: float | timedelta | None) -> str:
    """Seconds as people say them: ``43 ms``, ``3.1 s``, ``51 s``, ``3 min 5 s``, ``2 h 10 min``."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if seconds is None:
        return NONE
    if seconds < 0.9995:
        return "0 s" if seconds == 0 else f"{max(1, round(seconds * 1000))} ms" if seconds >= 0.0005 else "< 1 ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, below, size, small in (("min", 3600, 60, "s"), ("h", 172_800, 3600, "min")):
        if whole < 60:
            return f"{whole} s"
        if whole < below:
            rest = whole % size // (1 if small == "s" else 60)
            return f"{whole // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def about(minutes: float | None) -> str:
    """An estimate, in whole minutes: ``5 min``, ``1 h 20 min``."""
    return NONE if minutes is None else span(max(1, round(minutes)) * 60)


def dollars(value: float | None) -> str:
    """Money: ``$0``, ``$0.0021``, ``$4.50``."""
    if value is None:
        return NONE
    return "$0" if value == 0 else f"${value:,.4f}" if abs(value) < 1 else f"${value:,.2f}"


def count(value: float | None) -> str:
    """A number with thousands apart."""
    return NONE if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """A share from 0 to 1 as whole percent."""
    return NONE if value is None else f"{value:.0%}"


def words(value: str | None) -> str:
    """A word of the vocabulary as people write it: ``missing_dependency`` as ``missing dependency``."""
    return NONE if value is None else value.replace("_", " ")


def raw(value: str) -> Markup:
    """A token of ours that has to come back as it went out, in a field: escaped, and nothing else."""
    return Markup("{}").format(value)


def cut(value: str | None, most: int = 200) -> str:
    """The beginning of a text, in one line."""
    line = " ".join((value or "").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def gist(message: str | None) -> str:
    """The line of a test's message that says what went wrong: pytest marks it with ``E``; else the first one."""
    lines = [line.strip() for line in (message or "").splitlines() if line.strip()]
    marked = (line[1:].strip() for line in lines if line[:2] in ("E ", "E\t"))
    return next(marked, lines[0] if lines else "")


def prose(value: str | None) -> Markup:
    """A sentence in which what stands between backticks is code, also where it was cut within."""
    parts = str(shown(value or "")).split("`")
    if len(parts) % 2 == 0 and not parts[-1].endswith("…"):
        return Markup("{}").format("`".join(parts))
    marked = (Markup("<code>{}</code>" if n % 2 else "{}").format(part) for n, part in enumerate(parts))
    return Markup("").join(marked)


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "span": span,
    "about": about,
    "dollars": dollars,
    "gist": gist,
    "count": count,
    "percent": percent,
    "words": words,
    "raw": raw,
    "cut": cut,
    "prose": prose,
}
