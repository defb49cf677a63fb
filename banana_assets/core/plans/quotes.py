"""What a plan quotes of a log: lines as the diagnosis reads them, secrets masked; made, and compared again later."""

from __future__ import annotations

from collections.abc import Sequence

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.evidence import Citation
from banana_assets.core.safety.secrets import mask_lines

AROUND = 40
"""So many lines on either side are masked together, since some secrets are known by the lines around them."""


class Log:
    """The lines of a stored log, cleaned once."""

    def __init__(self, sha256: str, lines: Sequence[str]) -> None:
        self.sha256 = sha256
        self.texts = clean(lines).texts

    def quote(self, first: int, last: int) -> str | None:
        """The lines from ``first`` to ``last`` (from 1, inclusive) as they may be shown; None where there are none."""
        if not 1 <= first <= last <= len(self.texts):
            return None
        begin = max(0, first - 1 - AROUND)
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
