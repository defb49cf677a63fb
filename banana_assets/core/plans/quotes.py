"""What a plan quotes of a log: lines as the diagnosis reads them, secrets masked; made, and compared again later."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.evidence import Citation
from banana_assets.core.safety.secrets import mask_lines

WHOLE_LINES = 20_000
"""A log up to here is masked whole, once."""

AROUND = 40
KEY_CHARACTERS = 32 << 10
"""Of a longer one so many lines after those that are quoted are masked with them, and so many characters before, since
some secrets are known by the lines around them: a private key by its first line."""


class Log:
    """The lines of a stored log, cleaned once."""

    def __init__(self, sha256: str, lines: Sequence[str]) -> None:
        self.sha256 = sha256
        self.texts = clean(lines).texts
        self._masked: tuple[str, ...] | None = None

    def quote(self, first: int, last: int) -> str | None:
        """The lines from ``first`` to ``last`` (from 1, inclusive) as they may be shown; None where there are none."""
        if not 1 <= first <= last <= len(self.texts):
            return None
        if len(self.texts) <= WHOLE_LINES:
            if self._masked is None:
                self._masked = mask_lines(self.texts).lines
            return "\n".join(self._masked[first - 1 : last])
        begin, characters = first - 1, 0
        while begin and characters < KEY_CHARACTERS:
            begin -= 1
            characters += len(self.texts[begin]) + 1
        masked = mask_lines(self.texts[begin : last + AROUND]).lines
        return "\n".join(masked[first - 1 - begin : last - begin])

    def citation(self, build_id: str, first: int, last: int) -> Citation | None:
        """These lines as a citation; None where there are none, or nothing stands on them."""
        quote = self.quote(first, last)
        if quote is None or not quote.strip():
            return None
        return Citation(build_id=build_id, sha256=self.sha256, first_line=first, last_line=last, quote=quote)

    def holds(self, citation: Citation) -> bool:
        """Whether the log says what is quoted."""
        return self.quote(citation["first_line"], citation["last_line"]) == citation["quote"]


def cited(plans: pl.DataFrame) -> pl.DataFrame:
    """The citations of stored plans (PLANS). Columns: plan_id, step, build_id, sha256, first_line, last_line, quote."""
    steps = plans.select("plan_id", "subtasks").explode("subtasks", empty_as_null=False, keep_nulls=False)
    fields = pl.col("subtasks").struct
    return (
        steps.select("plan_id", step=fields.field("id"), citation=fields.field("citations"))
        .explode("citation", empty_as_null=False, keep_nulls=False)
        .unnest("citation")
    )
