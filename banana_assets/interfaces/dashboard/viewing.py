"""Who looks at a page, and whether they may do what they ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from banana_assets.interfaces.api.access import Caller
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError


@dataclass(frozen=True)
class Viewer:
    """Who looks: the name that the audit shows, what they may do, and the token that their forms carry."""

    caller: Caller
    csrf: str = ""
    session: str | None = None

    def may(self, scope: str) -> bool:
        """Whether that scope is theirs."""
        return self.caller.may(scope)


def sees(scope: str) -> Any:
    """The dependency of a page that asks for that scope; gives the Viewer."""

    async def viewer(request: Request) -> Viewer:
        found = Viewer(service_of(request).access.caller(request, None))
        request.state.caller = found.caller.name
        request.state.viewer = found
        if not found.may(scope):
            raise ProblemError(403, f"That needs the scope {scope}.", "`banana keys login --scope` gives it.")
        return found

    return Depends(viewer)


Looking = Annotated[Viewer, sees("read")]
Acting = Annotated[Viewer, sees("report")]
Keeping = Annotated[Viewer, sees("admin")]
"""Who a page or a form is for: annotate a parameter ``viewer`` with one of them."""
