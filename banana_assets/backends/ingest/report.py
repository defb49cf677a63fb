"""What an ingestion did: one item a file, and the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from banana_assets.backends.lines import Oddities
from banana_assets.backends.records.tables import clean_text
from banana_assets.core.errors import InputError

Outcome = Literal["new", "grown", "changed", "known", "empty", "aside", "failed"]
"""``new``: stored. ``grown``: its new tail was stored. ``changed``: a known build with other facts. ``known``: there
already. ``empty``: nothing in it. ``aside``: found in a folder, but of another kind. ``failed``: see the message."""

STORED = ("new", "grown", "changed")


@dataclass(frozen=True)
class Item:
    """One file, archive member or manifest row, and what became of it."""

    path: str
    outcome: Outcome
    name: str = ""
    """The source of a log or series, the id of a build."""

    oddities: Oddities = field(default_factory=Oddities)
    message: str = ""


Progress = Callable[[Item], None]


@dataclass
class Report:
    """All items, in the order in which they were decided."""

    items: list[Item] = field(default_factory=list)
    progress: Progress | None = None

    def add(self, item: Item) -> None:
        """Take an item in and tell whoever watches."""
        item = replace(item, path=clean_text(item.path), name=clean_text(item.name), message=clean_text(item.message))
        self.items.append(item)
        if self.progress is not None:
            self.progress(item)

    def refuse(self, path: str, error: InputError) -> None:
        """Count a file that cannot be used."""
        self.add(Item(path, "failed", message=str(error)))

    def count(self, *outcomes: Outcome) -> int:
        """How many items had one of these outcomes."""
        found = Counter(item.outcome for item in self.items)
        return sum(found[o] for o in outcomes)

    @property
    def new(self) -> int:
        """Items that brought something in."""
        return self.count("new", "grown", "changed")

    @property
    def known(self) -> int:
        """Items that were there already."""
        return self.count("known")

    @property
    def failed(self) -> int:
        """Items that cannot be used."""
        return self.count("failed")

    @property
    def oddities(self) -> Oddities:
        """The sums over what was stored: lines, bytes and odd lines."""
        total = Oddities()
        for item in self.items:
            if item.outcome in STORED:
                total = replace(
                    total, **{name: value + getattr(item.oddities, name) for name, value in vars(total).items()}
                )
        return total

    @property
    def status(self) -> int:
        """Exit status: 0 all is in, 1 some could not be used, 2 nothing could be used."""
        usable = self.new + self.known
        if self.failed:
            return 1 if usable else 2
        return 2 if self.count("empty") and not usable else 0
