"""What an outline is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named piece of code: ``kind`` (class, function, method, interface...), its 1-based lines ``first`` to ``last``.

    ``parent`` is the qualified name of what holds it, empty at the top of the file. ``signature`` is its head on one
    line, ``doc`` the first line of what is written about it; secrets in both are masked.
    """

    kind: str
    name: str
    parent: str
    signature: str
    first: int
    last: int
    doc: str

    @property
    def qualified(self) -> str:
        """The name with those of what holds it."""
        return f"{self.parent}.{self.name}" if self.parent else self.name


@dataclass(frozen=True, slots=True)
class FileOutline:
    """The outline of one file, in order of lines.

    ``first_error`` is the line of the first place that does not parse; what could be read around it is told all the
    same. ``omitted`` counts symbols beyond the bound. ``refused`` says why there is no outline at all.
    """

    path: str
    language: str | None
    symbols: tuple[Symbol, ...] = ()
    first_error: int | None = None
    omitted: int = 0
    refused: str = ""
