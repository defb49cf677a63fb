"""Citations of a failure's cause lines, quoted as they stand in the log."""

from __future__ import annotations

from typing import Any

from banana_assets.core.evidence import Citation

LONGEST_QUOTE = 2000
MOST_LINES = 12
LONGEST_LINE = 1000
LONGEST_TEXT = 8000


def cause_citations(failure: dict[str, Any]) -> tuple[Citation, ...]:
    """One citation a span of ``cause`` of a BUILD_FAILURES row, in its order.

    ``cause_text`` holds the lines of the spans one after the other, as the diagnosis reads them (without prefixes and
    colours, secrets masked). A long span is cut to its first whole lines. Lines that the text may have cut (its last
    one, when it holds fewer lines than the spans; ones of a thousand characters) are not quoted, and a span left
    without a line gives no citation: a quote that is not the log's text would be dropped by every reader.
    """
    spans = failure["cause"] or []
    lines = (failure["cause_text"] or "").split("\n")
    wanted = sum(s["last"] - s["first"] + 1 for s in spans)
    if len(lines) > wanted:
        return ()
    if len(lines) < wanted or len(failure["cause_text"]) >= LONGEST_TEXT:
        lines = lines[:-1]
    found, at = [], 0
    for span in spans:
        count = span["last"] - span["first"] + 1
        kept = _whole_lines(lines[at : at + count])
        at += count
        if kept and "".join(kept).strip():
            found.append(
                Citation(
                    build_id=failure["build_id"],
                    sha256=failure["log_sha256"],
                    first_line=span["first"],
                    last_line=span["first"] + len(kept) - 1,
                    quote="\n".join(kept),
                )
            )
    return tuple(found)


def _whole_lines(lines: list[str]) -> list[str]:
    kept: list[str] = []
    size = 0
    for line in lines[:MOST_LINES]:
        size += len(line) + 1
        if size > LONGEST_QUOTE or len(line) >= LONGEST_LINE:
            break
        kept.append(line)
    return kept
