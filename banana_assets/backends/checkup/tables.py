"""Checks of the analytical tables and of the search index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from banana_assets.backends.checkup.check import Found, Place, failed, ok, skipped, warning
from banana_assets.backends.tables import Tables, arrow_schema
from banana_assets.core.evidence import plural
from banana_assets.core.schema import Table
from banana_assets.core.tables import TABLES

if TYPE_CHECKING:
    from deltalake import DeltaTable

MOST_TOLD = 12


def tables(place: Place) -> Found:
    """Every computed table can be read, with the columns and types that it is declared with."""
    root = Tables(place.settings.tables_root)
    wrong: list[str] = []
    older: list[str] = []
    computed = 0
    for table in TABLES.values():
        opened = root.delta(table)
        if opened is None:
            continue
        computed += 1
        lacking, other = _compared(opened, table)
        older += [f"{table.name}.{name}" for name in lacking]
        wrong += [f"{table.name}.{name}" for name in other]
        try:
            root.scan(table).head(1).collect()
        except Exception as error:  # noqa: BLE001 readers of damaged files raise whatever they come upon
            first = next(iter(str(error).splitlines()), "no reason given")
            wrong.append(f"{table.name} cannot be read: {first[:200]}")
    if wrong:
        name = wrong[0].split(".")[0].split(" ")[0]
        return failed(
            f"{wrong[0]}{f' and {len(wrong) - 1} more' if len(wrong) > 1 else ''}",
            f"Move {root.root}/{name} away and run `banana materialize`, which computes it anew.",
            *wrong[:MOST_TOLD],
        )
    if not computed:
        return skipped("nothing is computed yet", "Run `banana materialize`.")
    said = f"{computed} of {plural(len(TABLES), 'table')} computed, all readable"
    if older:
        return warning(
            f"{said}; {', '.join(older[:3])}{' and more' if len(older) > 3 else ''} came with a later version",
            "Run `banana materialize`, which fills them.",
            *older[:MOST_TOLD],
        )
    return ok(said)


def _compared(opened: DeltaTable, table: Table) -> tuple[list[str], list[str]]:
    """The declared columns that are not stored, and those stored with another type."""
    from deltalake import Schema

    stored = {field.name: field.type for field in opened.schema().fields}
    declared = {field.name: field.type for field in Schema.from_arrow(arrow_schema(table)).fields}
    lacking = [name for name in declared if name not in stored]
    other = [f"{n} is {stored[n]}, not {kind}" for n, kind in declared.items() if n in stored and stored[n] != kind]
    return lacking, other


def search_index(place: Place) -> Found:
    """There, and it answers by words."""
    from banana_assets.backends.search import folder_of, there_is_an_index
    from banana_assets.backends.search.fulltext import FullText
    from banana_assets.core.search.types import Filters

    if not there_is_an_index(place.settings):
        return skipped("nothing is indexed yet", "Run `banana materialize`.")
    shelf = FullText(folder_of(place.settings))
    try:
        count = len(shelf.hashes())
        shelf.find("error", Filters(), 1)
    finally:
        shelf.close()
    if not count:
        return warning(f"{folder_of(place.settings)} is empty", "Run `banana search --rebuild`.")
    return ok(f"{plural(count, 'document')} in {folder_of(place.settings)}")
