"""How a page of the dashboard is made: one frame, one way to render, the same headers for all.

Every text that a template prints is masked, its control characters are shown, and it is escaped; what is markup already
stays as it is. A page carries an entity tag, so that an open one asks for itself again at next to no cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import orjson
from fastapi import Request
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets import __version__
from banana_assets.interfaces.api.answering import entity_tag, known_already, service_of
from banana_assets.interfaces.dashboard import wording
from banana_assets.interfaces.dashboard.files import FILES, static

HTML = "text/html"
TEMPLATES = Path(__file__).with_name("templates")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NAVIGATION = (
    (("Builds", "/"), ("Failures", "/failures"), ("Tests", "/tests")),
    (("Patterns", "/patterns"), ("Health", "/health"), ("Forecasts", "/forecasts"), ("Queues", "/queues")),
    (("Media", "/media"),),
    (("Recommendations", "/recommendations"), ("Plans", "/plans"), ("Learning", "/learning")),
    (("Search", "/search"),),
)
"""The pages in the groups and the order of the navigation; one is shown when the application has its path."""

PARTS = {"/": ("build", "changes"), "/failures": ("failure",), "/patterns": ("pattern",), "/plans": ("plan",)}
"""The first words of the addresses that belong to a page of the navigation."""


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=wording.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= wording.FILTERS
    made.tests["as_it_stands"] = lambda text: wording.shown(text) == text
    made.globals |= {"static": static, "version": __version__, "address": wording.address}
    return made


def page(request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
    """The page of that template: ``page(request, "tests.html", rows=rows)``.

    The frame knows ``request``, ``here`` (its path), ``query``, ``paths`` (of all pages), ``viewer`` (who looks;
    None where nobody is known) and the navigation beside what is told. With an entity tag of its content; 304 where
    the browser has it.
    """
    body = render(request, template, **values)
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if status == 200 and known_already(request, tag):
        return Response(status_code=304, headers=_headers(tag))
    return Response(body, status, _headers(tag), HTML)


async def kept_page(
    request: Request, rests_on: tuple[Any, ...], template: str, values: Callable[[], Mapping[str, Any]]
) -> Response:
    """The page that rests on these parts: 304 where the browser has it, else kept, else made now.

    ``values`` works in a thread and gives what the template asks for; the query and the viewer count as parts.
    """
    viewer = request.state.viewer
    key = (_look(), template, request.url.path, request.url.query, viewer, *rests_on)
    tag = entity_tag(*key)
    if known_already(request, tag):
        return Response(status_code=304, headers=_headers(tag))
    answers = service_of(request).answers
    body = answers.get(key)
    if body is None:
        body = await run_in_threadpool(lambda: render(request, template, **values()))
        answers.put(key, body, len(body))
    return Response(body, 200, _headers(tag), HTML)


def render(request: Request, template: str, /, **values: Any) -> bytes:
    """The page as bytes."""
    known = request.app.state.paths
    state = getattr(request.app.state, "service", None)
    frame = {
        "request": request,
        "here": request.url.path,
        "query": dict(request.query_params),
        "viewer": getattr(request.state, "viewer", None),
        "paths": known,
        "navigation": _navigation(known, request.url.path),
        "dagster": state.settings.dagster_url if state else None,
    }
    return _environment().get_template(template).render(frame | values).encode("utf-8", "replace")


def _navigation(known: set[str], here: str) -> list[list[tuple[str, str, bool]]]:
    """The groups of pages that are there: name, path, and whether the page that is shown is one of it."""
    part = here.split("/")[1] if "/" in here else ""
    groups = [[one for one in group if one[1] in known] for group in NAVIGATION]
    return [
        [(name, path, here == path or part in PARTS.get(path, ())) for name, path in group] for group in groups if group
    ]


@cache
def _look() -> str:
    """Names how pages look: one of another version of the program is another page."""
    texts = b"".join(path.read_bytes() for path in sorted(TEMPLATES.glob("*.html")))
    return hashlib.sha256(
        texts + repr(sorted((name, digest) for name, (digest, _) in FILES.items())).encode()
    ).hexdigest()


def script_data(ident: str, value: Any) -> Markup:
    """Data for a script of ours, as a JSON block that no browser runs: read it with ``bananaData(ident)``."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
    # Within a script element only these end it or change how it is read (HTML, restrictions for script contents).
    for sign, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escape)
    return Markup('<script type="application/json" id="{}">').format(ident) + Markup(text) + Markup("</script>")


def _headers(tag: str) -> dict[str, str]:
    return {
        "etag": tag,
        "cache-control": "private, no-cache",
        "vary": "cookie",
        "content-security-policy": POLICY,
    }
