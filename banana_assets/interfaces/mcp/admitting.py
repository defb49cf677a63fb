"""What a caller sees: the tools that they may call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer

from banana_assets.interfaces.mcp.tools import Asker, ToolSpec


class Admitting(ServerMiddleware[Any]):
    """Lists to a caller only tools whose scope they hold."""

    def __init__(self, specs: Mapping[str, ToolSpec], asker: Asker) -> None:
        self._specs = specs
        self._asker = asker
        self.server: MCPServer[Any] | None = None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Pass one message on."""
        result = await call_next(ctx)
        if ctx.method != "tools/list" or not isinstance(result, dict):
            return result
        caller = self._asker(Context(request_context=ctx, mcp_server=self.server))
        mine = [tool for tool in result["tools"] if self._may(caller, tool["name"])]
        return result | {"tools": mine}

    def _may(self, caller: Any, name: str) -> bool:
        spec = self._specs.get(name)
        return spec is None or caller.may(spec.scope)
