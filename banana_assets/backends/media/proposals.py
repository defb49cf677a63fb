"""Proposals in the records: made, decided about, applied, undone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from banana_assets.backends.media.proposal_reading import ProposalReading
from banana_assets.backends.media.reading import HELD
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.records import media_tables as t
from banana_assets.backends.records.engine import EngineRows, reading, writing
from banana_assets.backends.records.rows import in_parts
from banana_assets.core.errors import InputError
from banana_assets.core.media.items import is_placeholder, placeholder
from banana_assets.core.media.proposing import Proposal
from banana_assets.core.media.schema import RecordSchema
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.media.values import value_of

MOVES = {
    "accepted": ("proposed", "rejected", "undone", "withdrawn"),
    "rejected": ("proposed", "accepted", "withdrawn", "undone"),
    "proposed": ("rejected", "accepted"),
}
"""What people may make of a proposal, and from which states."""


class Proposals(ProposalReading):
    """The proposals of a store, over the engine of its records."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(EngineRows(engine))
        self.engine = engine

    def offer(
        self,
        proposals: Sequence[Proposal],
        *,
        within: Collection[str] = (),
        origin: str = "derived",
        schema: RecordSchema = MEDIA,
    ) -> int:
        """Keep what is proposed now, but no placeholder; how many are new or there again.

        What was rejected or undone stays so. Of the items ``within``, proposals of that origin that nobody decided
        about and that are not among these are withdrawn.
        """
        c = t.media_proposals.c
        now = datetime.now(UTC)
        keys = {proposal.key: proposal for proposal in _meant(proposals, schema)}
        made = 0
        with writing(self.engine) as connection:
            known = self._states(connection, list(keys))
            again = [key for key, state in known.items() if state == "withdrawn"]
            for key in again:
                values = _figures(keys[key]) | {"state": "proposed", "proposed_at": now}
                connection.execute(sa.update(t.media_proposals).where(c.value_key == key).values(values))
            for key in (key for key, state in known.items() if state == "proposed"):
                connection.execute(sa.update(t.media_proposals).where(c.value_key == key).values(_figures(keys[key])))
            new = [_row(p, now) for key, p in keys.items() if key not in known]
            for part in in_parts(new):
                connection.execute(sa.insert(t.media_proposals), part)
            made = len(new) + len(again)
            self._withdraw(connection, set(keys), within, origin)
        return made

    def _withdraw(self, connection: sa.Connection, keep: set[str], within: Collection[str], origin: str) -> None:
        c = t.media_proposals.c
        query = sa.select(c.id, c.item_id, c.value_key).where(c.state == "proposed", c.origin == origin)
        stale = [row.id for row in connection.execute(query) if row.item_id in within and row.value_key not in keep]
        values = {"state": "withdrawn", "note": "what it rested on is no longer there"}
        for part in in_parts(stale):
            connection.execute(sa.update(t.media_proposals).where(c.id.in_(part)).values(values))

    def _states(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, str]:
        c = t.media_proposals.c
        found: dict[str, str] = {}
        for part in in_parts(keys):
            query = sa.select(c.value_key, c.state).where(c.value_key.in_(part))
            found |= {row.value_key: row.state for row in connection.execute(query)}
        return found

    def ids(self, proposals: Iterable[Proposal]) -> list[int]:
        """The numbers of these proposals."""
        c = t.media_proposals.c
        keys = [proposal.key for proposal in proposals]
        found: list[int] = []
        with reading(self.engine) as connection:
            for part in in_parts(keys):
                found += connection.execute(sa.select(c.id).where(c.value_key.in_(part))).scalars()
        return sorted(found)

    def decide(self, ids: Collection[int], state: str, *, by: str, note: str | None = None) -> tuple[int, list[str]]:
        """Accept, reject or reopen proposals; how many changed, and why others did not, a sentence each.

        Accepting looks again: where the item has a value by now, the proposal is withdrawn. Raises InputError for a
        number that no proposal has.
        """
        if state not in MOVES:
            raise InputError(f"A proposal cannot be made {state}.", f"Use one of {', '.join(MOVES)}.")
        c = t.media_proposals.c
        done, refused = 0, []
        now = datetime.now(UTC)
        schemas = MediaRecords(self.engine).schemas()
        with writing(self.engine) as connection:
            for number in sorted(set(ids)):
                row = connection.execute(sa.select(t.media_proposals).where(c.id == number)).mappings().one_or_none()
                if row is None:
                    raise InputError(f"There is no proposal {number}.", "`banana media proposals` lists them.")
                if row["state"] == state:
                    continue
                values: dict[str, Any] = {"state": state, "decided_at": now, "decided_by": by, "note": note}
                if row["state"] not in MOVES[state]:
                    refused.append(f"proposal {number} is {row['state']}{_way_out(row['state'])}")
                    continue
                if state == "accepted" and (why := self._taken(connection, row, schemas)):
                    refused.append(f"proposal {number} is withdrawn: {why}")
                    values |= {"state": "withdrawn", "note": why}
                elif state == "proposed":
                    values |= {"decided_at": now, "decided_by": by}
                    done += 1
                else:
                    done += 1
                connection.execute(sa.update(t.media_proposals).where(c.id == number).values(values))
        return done, refused

    def _taken(self, connection: sa.Connection, row: Any, schemas: Mapping[str, RecordSchema]) -> str:
        """Why the field needs no proposal any more; empty where it still does."""
        c, i = t.media_proposals.c, t.media_items.c
        item = connection.execute(sa.select(i.known, i.schema).where(i.item_id == row["item_id"])).one()
        stands = next((v["value"] for v in orjson.loads(item.known) if v["field"] == row["field"]), None)
        name = row["field"] in schemas.get(item.schema, MEDIA).names
        if is_placeholder(orjson.loads(row["value"]), name=name):
            return "it only fills the place of a value"
        if stands is not None and "; ".join(stands) != row["stands"] and not is_placeholder(stands, name=name):
            return f"{row['field']} has a value by now"
        other = sa.select(c.id).where(
            c.item_id == row["item_id"], c.field == row["field"], c.state.in_(HELD), c.id != row["id"]
        )
        if (found := connection.execute(other).scalar()) is not None:
            return f"proposal {found} for the same field is accepted already"
        return ""

    def set_value(self, item_id: str, field: str, text: str, schema: RecordSchema, *, by: str) -> tuple[str, ...]:
        """Keep what a person says of a field, before anything else that says something of it; the value as it is kept.

        Raises InputError for a field that the schema has not, and for an empty text.
        """
        if field not in schema.by_name:
            raise InputError(f"The schema {schema.name} has no field {field}.", f"It has {', '.join(schema.by_name)}.")
        value = value_of(schema.by_name[field], text, "person", "")
        if value is None or is_placeholder(value.value, name=field in schema.names):
            raise InputError(f"{text!r} is no value.", "Say what the field should hold.")
        now = datetime.now(UTC)
        with reading(self.engine) as connection:
            i = t.media_items.c
            known = connection.execute(sa.select(i.known).where(i.item_id == item_id)).scalar() or "[]"
        # What the file says while it is set: that much may be replaced, and nothing that somebody writes afterwards.
        stands = next(("; ".join(v["value"]) for v in orjson.loads(known) if v["field"] == field), None)
        said = Proposal(item_id, field, value.value, "person", "set by a person", f"set by {by}", stands=stands)
        row = _row(said, now) | {"state": "accepted", "decided_at": now, "decided_by": by}
        c = t.media_proposals.c
        own = sa.and_(c.item_id == item_id, c.field == field, c.state == "accepted")
        with writing(self.engine) as connection:
            connection.execute(
                sa.update(t.media_proposals).where(own).values(state="undone", note=f"{by} said otherwise")
            )
            changed = connection.execute(
                sa.update(t.media_proposals)
                .where(c.value_key == said.key)
                .values({k: v for k, v in row.items() if k not in ("item_id", "field", "value_key")})
            )
            if not changed.rowcount:
                connection.execute(sa.insert(t.media_proposals).values(row))
        return value.value


def _meant(proposals: Sequence[Proposal], schema: RecordSchema) -> list[Proposal]:
    """Those that are no placeholder."""
    told = pl.DataFrame(
        [(p.field, "; ".join(p.value)) for p in proposals], schema={"field": pl.String, "text": pl.String}, orient="row"
    )
    empty = told.select(placeholder(pl.col("text"), pl.col("field").is_in(schema.names))).to_series()
    return [p for p, is_empty in zip(proposals, empty, strict=True) if not is_empty]


def _way_out(state: str) -> str:
    return " (`banana media undo` takes it out of the file)" if state == "applied" else ""


def _figures(proposal: Proposal) -> dict[str, Any]:
    names = ("rule", "source", "confidence", "tried", "hits", "low", "stands", "call_id")
    return {name: getattr(proposal, name) for name in names}


def _row(proposal: Proposal, now: datetime) -> dict[str, Any]:
    own = {
        "item_id": proposal.item_id,
        "field": proposal.field,
        "value": orjson.dumps(list(proposal.value)).decode(),
        "value_key": proposal.key,
        "origin": proposal.origin,
        "state": "proposed",
        "proposed_at": now,
    }
    return own | _figures(proposal)
