"""The tool that explains a failed build in one call."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from banana_assets.backends.accounts import Account
from banana_assets.core.evidence import plural
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.changed import MOST_CHANGED
from banana_assets.interfaces.mcp.explained import (
    Chance,
    Explanation,
    Known,
    LikeIt,
    Reason,
    changes_since,
    known_told,
    missing_of,
    no_chance,
    plan_told,
    reason_told,
    test_told,
    the_build,
)
from banana_assets.interfaces.mcp.naming import BuildId, build_named
from banana_assets.interfaces.mcp.paging import DEFAULT_BYTES, Cursor, MaxBytes, Part, fill, listed
from banana_assets.interfaces.mcp.records import Quote, briefer
from banana_assets.interfaces.mcp.tools import ToolSpec, tool
from banana_assets.interfaces.mcp.wire import json_size, size_of

LEAST_BUDGET = 100
MOST_BUDGET = 20_000
SHORTEST_PACK = 50
"""Tokens of a pack that has to make room for what else an answer of few bytes tells."""
ROWS_FROM = 9
"""Tenths of an answer that may be full before the first rows of its lists."""
MOST_TESTS = 50


@tool("Explain a failed build")
def explain_failure(
    call: Call,
    build_id: BuildId | None = None,
    budget: Annotated[
        int, Field(ge=LEAST_BUDGET, le=MOST_BUDGET, description="Tokens (characters / 4) of the pack of log lines.")
    ] = 2000,
    max_bytes: MaxBytes = DEFAULT_BYTES,
    cursor: Cursor = None,
) -> Explanation:
    """Explain why a build failed, in one call: category with confidence, the lines that matter within a token budget,
    failing tests and whether they are flaky, whether the failure is new, what changed since the last green build, what
    helped before, and the plan. Without a build, the newest failed one.

    The pack takes at most half of `max_bytes`; get_log_lines has all lines.
    """
    sources = call.sources
    build = build_named(call, build_id)["build_id"]

    def account_of(tokens: int) -> Account:
        return sources.accounts.of(build, sources.code_root, tokens, lambda what: call.progress(0, None, what))

    tokens = max(LEAST_BUDGET, min(budget, max_bytes // 8))
    account = account_of(tokens)
    made = _explanation(account, len(sources.reports.of([build]).get(build, [])))
    parts = _lists(made)
    if cursor is not None:
        made.pack, made.pack_tokens = None, 0
    while made.pack and tokens > SHORTEST_PACK and _too_long(made, max_bytes):
        # Characters beyond ASCII, quotes and escapes take more bytes than a token is reckoned at.
        size = json_size(made.pack)
        room = min(max_bytes // 2, max_bytes * ROWS_FROM // 10 - size_of(made) + size)
        tokens = max(SHORTEST_PACK, min(tokens * 9 // 10, tokens * room // size))
        failure = account_of(tokens).failure
        made.pack = failure["pack"] if failure else None
        made.pack_tokens = _tokens(made.pack)
    fill(made, parts, {"build": build}, cursor, max_bytes)
    return made


def _too_long(made: Explanation, max_bytes: int) -> bool:
    """Whether the pack takes more than half, or leaves no room for the first rows of lists."""
    return json_size(made.pack) > max_bytes // 2 or size_of(made) > max_bytes * ROWS_FROM // 10


def _tokens(pack: str | None) -> int:
    return -(-len(pack or "") // 4)


def _lists(made: Explanation) -> list[Part[Any]]:
    """What may be long, the most telling first."""
    parts = [listed(made, "citations", lean=briefer), listed(made, "failing_tests", MOST_TESTS)]
    changes = made.changes
    parts += [listed(changes, "suspects", MOST_CHANGED)] if changes else []
    parts += [listed(made.plan, "subtasks")] if made.plan else []
    parts += [listed(made, "others")]
    parts += [listed(changes, name, MOST_CHANGED) for name in ("files", "commits", "notes")] if changes else []
    return [*parts, listed(made, "missing")]


def _explanation(account: Account, reports: int) -> Explanation:
    detail, failure = account.detail, account.failure
    reason = reason_told(failure) if failure else None
    known = known_told(account)
    chance = Chance(likely=bool(detail.chance), why=detail.chance or no_chance(account)) if failure else None
    return Explanation(
        build=the_build(detail.build),
        summary=_summary(account, reason, known, chance),
        diagnosis=reason,
        pack=failure["pack"] if failure else None,
        pack_tokens=_tokens(failure["pack"]) if failure else 0,
        citations=[Quote(**citation) for citation in account.cause],
        failing_tests=[test_told(test, account.flaky.get(test["test_id"])) for test in detail.failing],
        failing_tests_total=len(detail.failing),
        chance=chance,
        cluster=known,
        changes=changes_since(account) if failure else None,
        helped=account.helped,
        others=[
            LikeIt(cluster_id=o.cluster_id, title=o.title, helped=o.helped, shared_words=round(o.words, 2))
            for o in account.like
        ],
        plan=plan_told(account),
        reports=reports,
        missing=list(missing_of(account)),
    )


def _summary(account: Account, reason: Reason | None, known: Known | None, chance: Chance | None) -> str:
    build = account.detail.build
    name = f"{build['build_id']} ({build['pipeline']}/{build['job']})"
    if build["status"] not in ("failed", "error"):
        return f"{name} did not fail: its status is {build['status']}."
    if reason is None:
        return f"{name} failed and came without a log."
    said = [f"{name} failed: {reason.category.replace('_', ' ')} ({reason.confidence:.0%} sure): {reason.title}."]
    if known is not None:
        said.append(_seen(known))
        said.append(f"Green again since {known.resolved_by}." if known.state == "resolved" else "Still open.")
    if chance and chance.likely:
        said.append(f"It may have failed by chance: {chance.why}.")
    green = account.detail.green
    said.append(
        f"The last green build before it was {green['build_id']}." if green else "No build of its job was green before."
    )
    if account.changes and account.changes.suspects:
        said.append(f"Most suspect of what changed: {account.changes.suspects[0].path}.")
    failing = len(account.detail.failing)
    if failing:
        said.append(f"{plural(failing, 'test')} failed.")
    return " ".join(said)


def _seen(known: Known) -> str:
    if known.failures == 1:
        return "It is the only failure of its kind."
    if known.nth == 1:
        return f"It is the first of {known.failures} failures of its kind."
    first = f"{known.first_build}, {known.first_seen:%Y-%m-%d %H:%M} UTC"
    return f"It is failure {known.nth} of {known.failures} of its kind; the first was {first}."


TOOLS: tuple[ToolSpec, ...] = (explain_failure,)
