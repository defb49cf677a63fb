"""A tool: a plain function with types, checked on the way in, bounded and masked on the way out.

The function takes a ``Call`` first and then the arguments that the caller sees; it gives a pydantic model, which is the
tool's output schema. It raises BananaError for what the caller can mend; the answer then has ``isError`` with the
remedy. Whatever it gives passes the house's masking of secrets before it leaves.
"""

from __future__ import annotations

import functools
import inspect
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import orjson
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from banana_assets.backends.keys import Caller
from banana_assets.core.errors import BananaError
from banana_assets.core.safety.serving import served
from banana_assets.core.text import cut
from banana_assets.interfaces.mcp.arguments import MOST_SHOWN, known_only
from banana_assets.interfaces.mcp.calls import Call, Sources, utc_now
from banana_assets.interfaces.mcp.wire import leaving

Function = Callable[..., BaseModel]
Asker = Callable[[Context[Any, Any]], Caller]
"""Says who makes a call, out of its context."""

_log = logging.getLogger(__name__)

MOST_FRAMES = 6


class Attempt(BaseModel):
    """An answer that says itself whether it came about. One that did not has ``isError`` and keeps its shape."""

    success: bool = Field(description="Whether it came about.")
    error: str | None = Field(description="Why it did not, and what to do about it.")


@dataclass(frozen=True)
class ToolSpec:
    """What a tool is and what it does to the world.

    ``scope`` is what the caller must hold; ``writes`` whether the store is changed; ``repeatable`` whether the same
    call again changes nothing more; ``reaches_out`` whether something beyond this home may be asked, such as a model.
    """

    function: Function
    title: str
    scope: str = "read"
    writes: bool = False
    repeatable: bool = True
    reaches_out: bool = False

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.function.__name__


def tool(
    title: str, *, scope: str = "read", writes: bool = False, repeatable: bool = True, reaches_out: bool = False
) -> Callable[[Function], ToolSpec]:
    """Declare a function as a tool; see ToolSpec."""

    def declared(function: Function) -> ToolSpec:
        return ToolSpec(function, title, scope, writes, repeatable, reaches_out)

    return declared


class CheckedTool(Tool):
    """The SDK's tool with our way of running one: errors are for people, arguments nobody knows are told."""

    _spec: ToolSpec = PrivateAttr()
    _sources: Callable[[], Sources] = PrivateAttr()
    _asker: Asker = PrivateAttr()

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Check the arguments and the caller, run the function in a thread of its own, and put its answer in words."""
        # The two ways in differ in nothing: the result is always what goes over the wire.
        del convert_result
        try:
            checked = self._checked(arguments)
            call = Call(self._sources(), self._admitted(context), _progress(context), utc_now())
            made = await anyio.to_thread.run_sync(functools.partial(self._spec.function, call, **checked))
        except BananaError as error:
            return failure(error)
        except Exception as error:  # noqa: BLE001 - the edge of the program: a fault of ours costs this one call
            # What it says may hold what somebody's log says, so it is not told.
            _log.error("%s failed: %s", self.name, _fault(error))
            return failure(
                BananaError(
                    f"{self.name} failed: {type(error).__name__}, a fault of the server.",
                    "Its standard error says where.",
                )
            )
        content = leaving(made)
        failed = isinstance(made, Attempt) and not made.success
        return CallToolResult(content=[text(content)], structured_content=content, is_error=failed)

    def _admitted(self, context: Context[Any, Any]) -> Caller:
        caller, scope = self._asker(context), self._spec.scope
        if not caller.may(scope):
            raise BananaError(
                f"{self.name} needs the scope {scope}, which {caller.name} does not hold.",
                f"A key made by `banana keys create NAME --scope {scope}` has it; on stdio start `banana mcp --scope"
                f" {scope}`.",
            )
        return caller

    def _checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        known = [field.alias or name for name, field in self.fn_metadata.arg_model.model_fields.items()]
        known_only(self.name, arguments, known)
        for name, value in arguments.items():
            # Pydantic takes true for 1.
            if isinstance(value, bool) and not _takes(self.parameters["properties"][name], "boolean"):
                raise BananaError(f"{self.name} cannot be called so: {name}: it is no boolean.", "Mend and call again.")
        try:
            return self.fn_metadata.validate_arguments(arguments)
        except ValidationError as error:
            told = [f"{'.'.join(map(str, e['loc']))}: {_told(e)}" for e in error.errors(include_url=False)]
            raise BananaError(f"{self.name} cannot be called so: {'; '.join(told)}.", "Mend and call again.") from error


def _fault(error: BaseException) -> str:
    """Where an exception arose, without what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return f"{type(error).__name__} in " + " < ".join(
        f"{f.name} ({Path(f.filename).name}:{f.lineno})" for f in frames[::-1]
    )


def _takes(schema: dict[str, Any], kind: str) -> bool:
    """Whether a schema allows that type."""
    return schema.get("type") == kind or any(_takes(part, kind) for part in schema.get("anyOf", ()))


def _told(error: Any) -> str:
    if error["type"] == "missing":
        return "it is required"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {cut(repr(error['input']), MOST_SHOWN)}"


def registered(spec: ToolSpec, sources: Callable[[], Sources], asker: Asker) -> Tool:
    """The tool as the SDK keeps it."""
    first = next(iter(inspect.signature(spec.function).parameters))
    metadata = func_metadata(spec.function, skip_names=[first], structured_output=True)
    made = CheckedTool(
        fn=spec.function,
        name=spec.name,
        title=spec.title,
        description=inspect.cleandoc(spec.function.__doc__ or ""),
        parameters=metadata.arg_model.model_json_schema(by_alias=True) | {"additionalProperties": False},
        fn_metadata=metadata,
        is_async=False,
        context_kwarg=None,
        annotations=ToolAnnotations(
            read_only_hint=not spec.writes,
            destructive_hint=False,
            idempotent_hint=spec.repeatable,
            open_world_hint=spec.reaches_out,
        ),
    )
    made._spec, made._sources, made._asker = spec, sources, asker
    return made


def failure(error: BananaError) -> CallToolResult:
    """What was wrong and what to do next, as an answer with ``isError``."""
    return CallToolResult(content=[TextContent(type="text", text=served(str(error)))], is_error=True)


def text(content: Any) -> TextContent:
    """The same content as text, for clients that do not read structured content."""
    return TextContent(type="text", text=orjson.dumps(content).decode())


def _progress(context: Context[Any, Any]) -> Callable[[float, float | None, str], None]:
    def told(done: float, total: float | None, message: str) -> None:
        anyio.from_thread.run(context.report_progress, done, total, message)

    return told
