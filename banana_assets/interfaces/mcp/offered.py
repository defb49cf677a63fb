"""Resources and prompts as the SDK keeps them, with their arguments completed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import anyio.to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.server.mcpserver.prompts.base import Prompt, PromptArgument, UserMessage
from mcp.server.mcpserver.resources import ResourceSecurity
from mcp.server.mcpserver.utilities.func_metadata import func_metadata
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)
from mcp_types import Resource as ListedResource
from pydantic import ValidationError

from banana_assets.core.errors import BananaError
from banana_assets.core.safety.serving import served
from banana_assets.core.text import cut
from banana_assets.interfaces.mcp.arguments import MOST_SHOWN, known_only
from banana_assets.interfaces.mcp.calls import Call, Sources, silent, utc_now
from banana_assets.interfaces.mcp.prompts import PROMPTS, PromptSpec
from banana_assets.interfaces.mcp.resources import KINDS, MOST_COMPLETED, Kind
from banana_assets.interfaces.mcp.tools import Asker

ANY_ID = ResourceSecurity(exempt_params={"id"})
"""Ids are looked up in the records and name no file."""


class Server(MCPServer[Any]):
    """The SDK's server with a list of resources that is of the moment."""

    sources: Callable[[], Sources]

    async def serve(self, read: Any, write: Any) -> None:
        """Serve one connection over a pair of streams of messages until the first one ends."""
        inner = self._lowlevel_server
        await inner.run(read, write, inner.create_initialization_options())

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """What a tool answers. Raises ToolError, with the nearest that there is, for one that is not known."""
        names = [tool.name for tool in self._tool_manager.list_tools()]
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f"Did you mean {near[0]}?" if near else "tools/list has those that there are."
            raise ToolError(str(served(f"There is no tool {cut(name, MOST_SHOWN)}. {hint}")))
        return await super().call_tool(name, arguments, context)

    async def get_prompt(self, name: str, arguments: dict[str, Any] | None = None, context: Any = None) -> Any:
        """The messages of a prompt. Raises MCPError, with those that there are, for one that is not known."""
        names = [prompt.name for prompt in self._prompt_manager.list_prompts()]
        if name not in names:
            told = f"There is no prompt {cut(name, MOST_SHOWN)}. There are {', '.join(names)}."
            raise MCPError(code=INVALID_PARAMS, message=str(served(told)))
        return await super().get_prompt(name, arguments, context)

    async def list_resources(self) -> list[ListedResource]:
        """The newest few of each kind."""

        def listed() -> list[ListedResource]:
            found = [one for kind in KINDS for one in kind.listed(self.sources())]
            return [ListedResource(**served(vars(one))) for one in found]

        return await anyio.to_thread.run_sync(listed)


def offer(server: Server, sources: Callable[[], Sources], asker: Asker) -> None:
    """Add the resources, the prompts and their completion to a server."""
    server.sources = sources
    for kind in KINDS:
        _add_resource(server, kind, sources, asker)
    for spec in PROMPTS:
        server.add_prompt(_prompt(spec, sources, asker))
    known = {kind.template: kind for kind in KINDS}
    prompts = {spec.name: spec for spec in PROMPTS}

    @server.completion()  # type: ignore[no-untyped-call,untyped-decorator]
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        def found() -> list[str]:
            if isinstance(ref, ResourceTemplateReference):
                kind = known.get(str(ref.uri))
                return kind.completed(sources(), argument.value) if kind and argument.name == "id" else []
            spec = prompts.get(ref.name)
            values = spec.completes.get(argument.name) if spec else None
            return [one for one in values(sources()) if one.startswith(argument.value)] if values else []

        values = await anyio.to_thread.run_sync(found)
        shown = served(values[:MOST_COMPLETED])
        return Completion(values=shown, total=len(values), has_more=len(values) > len(shown))


def _add_resource(server: Server, kind: Kind, sources: Callable[[], Sources], asker: Asker) -> None:
    @server.resource(
        kind.template,
        name=kind.scheme,
        title=kind.title,
        description=kind.description,
        mime_type=kind.mime_type,
        security=ANY_ID,
    )
    def read(id: str, context: Context[Any, Any]) -> str:  # noqa: A002 - the name in the template
        try:
            text = kind.read(Call(sources(), asker(context), silent, utc_now()), id)
        except BananaError as error:
            raise ResourceNotFoundError(str(served(str(error)))) from error
        return str(served(text))


def _prompt(spec: PromptSpec, sources: Callable[[], Sources], asker: Asker) -> Prompt:
    first = next(iter(inspect.signature(spec.function).parameters))
    metadata = func_metadata(spec.function, skip_names=[first], structured_output=False)
    schema = metadata.arg_model.model_json_schema()
    properties, required = schema.get("properties", {}), schema.get("required", [])

    def said(context: Context[Any, Any], **arguments: str) -> list[UserMessage]:
        try:
            known_only(spec.name, arguments, list(properties))
            checked = metadata.validate_arguments(arguments)
            made = spec.function(Call(sources(), asker(context), silent, utc_now()), **checked)
        except (BananaError, ValidationError) as error:
            told = str(error) if isinstance(error, BananaError) else _wrong(error)
            raise MCPError(code=INVALID_PARAMS, message=str(served(told))) from error
        return [UserMessage(str(served(text))) for text in made.messages]

    return Prompt(
        name=spec.name,
        title=spec.title,
        description=inspect.cleandoc(spec.function.__doc__ or ""),
        arguments=[
            PromptArgument(name=name, description=about.get("description"), required=name in required)
            for name, about in properties.items()
        ],
        fn=said,
        context_kwarg="context",
    )


def _wrong(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)) + "."
