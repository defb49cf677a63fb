"""Ways in: a build's facts, its log whole or in parts, reports and readings. What is answered is at rest."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.ingest.amending import Pieces, amend_build
from banana_assets.backends.ingest.content import CHUNK, Content, from_path
from banana_assets.backends.ingest.manifest import row_of
from banana_assets.backends.ingest.resources import series_of
from banana_assets.backends.scratch import scratch_folder
from banana_assets.backends.uploads import OffsetError, Uploads
from banana_assets.core.errors import InputError
from banana_assets.interfaces.api import bodies
from banana_assets.interfaces.api.access import Bringer
from banana_assets.interfaces.api.answering import JSON, service_of
from banana_assets.interfaces.api.models import BroughtIn, BuildFacts, UploadStands
from banana_assets.interfaces.api.problems import ProblemError, declared
from banana_assets.interfaces.api.service import Service

router = APIRouter(prefix="/builds", tags=["bring in"], responses=declared(400, 401, 403, 413, 422, 429, 503))

_STANDS = {
    "Upload-Offset": {"description": "bytes at rest", "schema": {"type": "integer"}},
    "Repr-Digest": {"description": "their SHA-256 (RFC 9530)", "schema": {"type": "string"}},
}

BuildId = Annotated[str, Path(min_length=1, max_length=500, pattern=r"^[^/\x00-\x1f\x7f]+$", description="Its id.")]


@router.put("/{build_id}", summary="Say what is known of a build", response_model=BroughtIn, responses=declared(409))
async def facts(request: Request, build_id: BuildId, told: BuildFacts, caller: Bringer) -> Response:
    """Begin a build, or say more of it. The same again changes nothing; what is left out stays as it is."""
    row = row_of(build_id, told.model_dump(exclude_none=True, mode="json"))
    return await _amended(request, build_id, lambda _: Pieces(row=row))


@router.put(
    "/{build_id}/log",
    summary="Bring in a log, whole",
    response_model=BroughtIn,
    openapi_extra=bodies.described("text/plain", bodies.TEXT),
)
async def log(request: Request, build_id: BuildId, caller: Bringer) -> Response:
    """Keep the body as the log of the build: plain text, gzip or zstd, told apart by its first bytes.

    A build that nothing was told of begins with it; how it ended is then read from the log.
    """
    async with _spooled(request) as path:
        return await _amended(request, build_id, partial(_log, path, service_of(request)))


@router.patch(
    "/{build_id}/log",
    summary="Bring in a part of a log",
    response_model=UploadStands,
    responses=declared(409),
    openapi_extra=bodies.described("application/octet-stream", bodies.PART),
)
async def part(
    request: Request,
    build_id: BuildId,
    caller: Bringer,
    upload_offset: Annotated[
        str, Header(pattern=r"^[0-9]{1,15}$", description="The byte at which this part begins (RFC 9651, an integer).")
    ],
    upload_complete: Annotated[
        Literal["?0", "?1"], Header(description="`?1` with the last part: the log is then taken in.")
    ] = "?0",
) -> Response:
    """Add a part to an upload; the parts joined are what a whole upload would be. A part is at rest once answered.

    409 says at which byte the upload stands, from where a client that lost its connection goes on.
    """
    service = service_of(request)
    uploads = Uploads(service.settings.home, service.settings.max_log_bytes)
    async with _spooled(request) as path:

        def add() -> int:
            if not int(upload_offset):
                uploads.sweep()
            stands = uploads.append(build_id, int(upload_offset), _chunks(path))
            if upload_complete == "?1":
                uploads.finish(build_id, lambda whole: _take(service, build_id, whole))
            return stands

        try:
            stands = await run_in_threadpool(add)
        except OffsetError as error:
            raise ProblemError(
                409, error.message, error.remedy, headers={"Upload-Offset": str(error.offset)}, offset=error.offset
            ) from error
    body = {"status": "ok", "build_id": build_id, "offset": stands}
    return Response(orjson.dumps(body), headers={"Upload-Offset": str(stands)}, media_type=JSON)


@router.head(
    "/{build_id}/log",
    summary="Ask how much of an upload is there",
    response_class=Response,
    responses={200: {"description": "The upload as it stands.", "headers": _STANDS}},
)
async def stands(request: Request, build_id: BuildId, caller: Bringer) -> Response:
    """The header Upload-Offset: the bytes of an unfinished upload that are at rest, and their digest (RFC 9530)."""
    service = service_of(request)
    uploads = Uploads(service.settings.home, service.settings.max_log_bytes)
    offset = await run_in_threadpool(uploads.offset, build_id)
    digest = b64encode(await run_in_threadpool(uploads.sha256, build_id)).decode()
    headers = {"Upload-Offset": str(offset), "Repr-Digest": f"sha-256=:{digest}:", "cache-control": "no-store"}
    return Response(headers=headers)


@router.delete("/{build_id}/log/upload", summary="Give up an upload in parts", status_code=204)
async def give_up(request: Request, build_id: BuildId, caller: Bringer) -> Response:
    """Forget the parts of an unfinished upload; the log that the build has stays."""
    service = service_of(request)
    await run_in_threadpool(Uploads(service.settings.home, service.settings.max_log_bytes).drop, build_id)
    return Response(status_code=204)


@router.put(
    "/{build_id}/junit",
    summary="Bring in a test report",
    response_model=BroughtIn,
    openapi_extra=bodies.described("application/xml", bodies.JUNIT),
)
async def junit(request: Request, build_id: BuildId, caller: Bringer) -> Response:
    """Keep the results of a report in JUnit's form, in place of those that the build has; retries are known."""
    from banana_assets.core.builds.junit import parse_junit

    def tests(tmp: FilePath) -> Pieces:
        found = parse_junit(_content(path, service_of(request), "The report", tmp).whole())
        bodies.check_tests(found)
        return Pieces(tests=found)

    async with _spooled(request) as path:
        return await _amended(request, build_id, tests)


@router.put(
    "/{build_id}/sarif",
    summary="Bring in an analyser's report",
    response_model=BroughtIn,
    openapi_extra=bodies.described("application/sarif+json", bodies.sarif_schema()),
)
async def sarif(request: Request, build_id: BuildId, caller: Bringer) -> Response:
    """Keep the problems of a report in SARIF 2.1.0, in place of those that the build has."""
    from banana_assets.core.builds.sarif import parse_sarif

    def problems(tmp: FilePath) -> Pieces:
        data = _content(path, service_of(request), "The report", tmp).whole()
        found = parse_sarif(data).problems
        bodies.check_sarif(data)
        return Pieces(problems=found)

    async with _spooled(request) as path:
        return await _amended(request, build_id, problems)


@router.put(
    "/{build_id}/resources",
    summary="Bring in readings of resources",
    response_model=BroughtIn,
    openapi_extra=bodies.described("text/csv", bodies.READINGS),
)
async def resources(request: Request, build_id: BuildId, caller: Bringer) -> Response:
    """Keep what the build used: CSV with ts,metric,value, or ts and a column for each metric; units as in the name."""
    service = service_of(request)
    async with _spooled(request) as path:
        read = partial(_content, path, service, "The table of readings")
        return await _amended(
            request, build_id, lambda tmp: Pieces(series=series_of(service.store, read(tmp), build_id))
        )


async def _amended(request: Request, build_id: str, pieces: Callable[[FilePath], Pieces]) -> Response:
    service = service_of(request)

    def amend() -> str:
        with scratch_folder(service.settings.home) as tmp:
            return amend_build(service.store, build_id, pieces(tmp))

    outcome = await run_in_threadpool(amend)
    return Response(orjson.dumps({"status": "ok", "build_id": build_id, "outcome": outcome}), media_type=JSON)


@asynccontextmanager
async def _spooled(request: Request) -> AsyncIterator[FilePath]:
    """The body of a request as a file, written piece by piece so that none is held in memory."""
    home = service_of(request).settings.home
    with scratch_folder(home) as tmp:
        path = tmp / "body"
        with path.open("wb") as file:
            buffer = io.BytesIO()
            async for chunk in request.stream():
                buffer.write(chunk)
                if buffer.tell() >= CHUNK:
                    await run_in_threadpool(file.write, buffer.getvalue())
                    buffer = io.BytesIO()
            await run_in_threadpool(file.write, buffer.getvalue())
        yield path


def _content(path: FilePath, service: Service, name: str, tmp: FilePath) -> Content:
    return from_path(path, service.settings, tmp, name)


def _log(path: FilePath, service: Service, tmp: FilePath) -> Pieces:
    content = _content(path, service, "The log", tmp)
    if not content.head(1):
        raise InputError("The log is empty.", "Send its text as the body.")
    return Pieces(log=content)


def _take(service: Service, build_id: str, whole: FilePath) -> None:
    with scratch_folder(service.settings.home) as tmp:
        amend_build(service.store, build_id, _log(whole, service, tmp))


def _chunks(path: FilePath) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
