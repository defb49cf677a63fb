"""What a caller sees: the tools that they may call; and, with the scope read, resources and prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST

from banana_assets.interfaces.mcp.tools import Asker, ToolSpec

_LISTS = {"resources/list": "resources", "resources/templates/list": "resourceTemplates", "prompts/list": "prompts"}
_READS = ("resources/", "prompts/", "completion/")


class Admitting(ServerMiddleware[Any]):
    """Lists to a caller only tools whose scope they hold, and nothing to read to one who may not read."""

    def __init__(self, specs: Mapping[str, ToolSpec], asker: Asker) -> None:
        self._specs = specs
        self._asker = asker
        self.server: MCPServer[Any] | None = None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Pass one message on. Raises MCPError where something is to be read by one who may not."""
        if ctx.method != "tools/list" and not ctx.method.startswith(_READS):
            return await call_next(ctx)
        caller = self._asker(Context(request_context=ctx, mcp_server=self.server))
        hidden = ctx.method != "tools/list" and not caller.may("read")
        if hidden and ctx.method not in _LISTS:
            raise MCPError(code=INVALID_REQUEST, message=f"{ctx.method} needs the scope read.")
        result = await call_next(ctx)
        if not isinstance(result, dict):
            return result
        if ctx.method != "tools/list":
            return result | {_LISTS[ctx.method]: []} if hidden else result
        mine = [tool for tool in result["tools"] if self._may(caller, tool["name"])]
        return result | {"tools": mine}

    def _may(self, caller: Any, name: str) -> bool:
        spec = self._specs.get(name)
        return spec is None or caller.may(spec.scope)
