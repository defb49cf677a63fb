"""The dashboard's own style, scripts and pictures, under addresses that name their content and so never go stale."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from banana_assets.interfaces.api.problems import ProblemError

FOLDER = FilePath(__file__).with_name("static")
FOREVER = "public, max-age=31536000, immutable"
SERVED = {".css", ".js", ".svg"}

router = APIRouter(include_in_schema=False)


def _read() -> dict[str, tuple[str, bytes]]:
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in SERVED:
            body = path.read_bytes()
            found[path.relative_to(FOLDER).as_posix()] = (hashlib.sha256(body).hexdigest()[:16], body)
    return found


FILES = _read()
"""Digest and bytes of each file, by its path in the folder."""


def static(name: str) -> str:
    """The address of a file: ``static("banana.css")``."""
    return f"/static/{FILES[name][0]}/{name}"


@router.get("/static/{digest}/{name:path}")
async def file(digest: Annotated[str, Path(max_length=64)], name: Annotated[str, Path(max_length=200)]) -> Response:
    """A file, to be kept for ever."""
    known, body = FILES.get(name, ("", b""))
    if not known or known != digest:
        raise ProblemError(404, "There is no such file.", "Load the page anew.")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):
        kind = "text/javascript"
    return Response(body, media_type=kind, headers={"cache-control": FOREVER})
