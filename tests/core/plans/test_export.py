"""Plans on their way out: a checklist that shows what it says, and in which nothing of a log or a model works."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.export import ISSUE_CHARACTERS, as_json, issue, markdown, prose
from banana_assets.core.plans.types import Plan, Prediction, Requirement, Risk, Subtask

SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


def cited(first: int, *lines: str, build: str | None = "b1") -> Citation:
    return {
        "build_id": build, "sha256": "a" * 64, "first_line": first, "last_line": first + len(lines) - 1,
        "quote": "\n".join(lines),
    }  # fmt: skip


TWO = cited(3, "ERROR no module", "```")
PLAN = Plan(
    "p1234567", "failure", "Install `left-pad`", "c1", "Declare it.",
    (
        Subtask("s1", "inspect", "Look at it.", "It is seen.", 5, citations=(TWO,)),
        Subtask("s2", "change", "Mend it.", "", 10.5, ("s1",), "high", (Requirement("memory", 2, "GiB"),),
                (cited(9, "FATAL", build=None), TWO)),
    ),
    (Risk("It may be another one.", "Compare the versions."),), "Pin the one before.",
    Prediction("f1", "No build fails so again.", None), "deterministic", datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
)  # fmt: skip


def test_the_checklist() -> None:
    assert markdown(PLAN, {"s1": "completed", "s2": "running"}) == (
        """\
# Install `left-pad`

Declare it.

## Steps

- [x] **s1** Look at it. \\[1\\] (5 min)
  - Expect: It is seen.
- [ ] **s2** Mend it. \\[2\\] \\[1\\] (10.5 min, after s1, 2 GiB of memory, running)

## What should be seen

No build fails so again.

## Risks

- It may be another one. Compare the versions.

## If it does not work

Pin the one before.

## Evidence

1. build `b1`, lines 3 to 4:

   ````text
   ERROR no module
   ```
   ````

2. log `aaaaaaaaaaaa`, line 9:

   ```text
   FATAL
   ```

Plan `p1234567`, made 2026-03-01 08:30 UTC by deterministic.
"""
    )


def test_an_issue_has_its_title_first_and_fits() -> None:
    title, empty, *body = issue(PLAN).split("\n")
    assert (title, empty, body[0]) == ("Install `left-pad`", "", "Declare it.")
    long = cited(1, *["x" * 200] * 5000)
    big = replace(PLAN, goal="y" * 300, subtasks=tuple(replace(s, citations=(long,)) for s in PLAN.subtasks))
    assert len(issue(big).split("\n", 2)[2]) <= ISSUE_CHARACTERS
    wordy = replace(PLAN, approach="z" * 100_000)
    assert len(issue(wordy).split("\n", 2)[2]) <= ISSUE_CHARACTERS


def test_json_numbers_the_citations_and_tells_where_steps_stand() -> None:
    told = as_json(PLAN, {"s1": "completed"})
    assert told["schema"] == "banana.plan/1"
    assert [(s["id"], s["status"], s["citations"]) for s in told["subtasks"]] == [
        ("s1", "completed", [1]),
        ("s2", "pending", [2, 1]),
    ]
    assert [(c["number"], c["first_line"]) for c in told["citations"]] == [(1, 3), (2, 9)]
    json.dumps(told, default=str)


@pytest.mark.parametrize("write", [markdown, issue, lambda plan: json.dumps(as_json(plan), default=str)])
def test_nothing_leaves_unmasked(write: object) -> None:
    leaky = replace(
        PLAN,
        goal=f"Use token={SECRET}",
        approach=f"password={SECRET}",
        risks=(Risk(f"token={SECRET}", f"token={SECRET}"),),
        fallback_plan=f"token={SECRET}",
        subtasks=(replace(PLAN.subtasks[0], description=f"token={SECRET}", citations=(cited(1, f"token={SECRET}"),)),),
    )
    text = write(leaky)  # type: ignore[operator]
    assert SECRET not in text
    assert "[masked" in text


@pytest.mark.parametrize("write", [markdown, issue, lambda plan: json.dumps(as_json(plan), default=str)])
def test_names_of_builds_are_words_of_others_too(write: Callable[[Plan], str]) -> None:
    build = f"x` ![p](https://evil.example/p.png) @all\n# top `{SECRET}"
    step = replace(PLAN.subtasks[0], citations=(cited(1, "FATAL", build=build),))
    text = write(replace(PLAN, subtasks=(step,)))
    assert SECRET not in text
    assert "[masked" in text
    if write in (markdown, issue):
        tokens = MarkdownIt("commonmark").parse(text)
        inline = [child for token in tokens if token.type == "inline" for child in token.children or []]
        assert "image" not in {c.type for c in inline}
        assert "@all" not in "".join(c.content for c in inline if c.type != "code_inline")
        assert "\n# top" not in text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("(closes #1 @admin).", "(closes `#1` `@admin`)."),
        ('See "https://evil.example/a", then go.', 'See "`https://evil.example/a`", then go.'),
        ("[#7]", "&#91;`#7`&#93;"),
        ("tests/__init__.py says test_a_b", "tests/&#95;&#95;init&#95;&#95;.py says test_a_b"),
    ],
)
def test_only_what_a_forge_looks_for_becomes_code(words: str, shown: str) -> None:
    assert prose(words) == shown


def test_an_abstention_says_its_reason() -> None:
    none = replace(PLAN, status="abstained", reason="No plan: its class is unknown.", subtasks=())
    assert "No plan: its class is unknown." in markdown(none)
    assert "## Steps" not in markdown(none)


HOSTILE = (
    "<script>x</script>", "<img src=x onerror=y>", "[click](https://evil.example)", "![p](https://evil.example/p.png)",
    "https://evil.example/a", "www.evil.example", "<https://evil.example>", "@octocat", "mail@evil.example", "#12",
    "owner/name#12", "GH-12", "&lt;b&gt;", "**bold**", "~~gone~~", "| a | b |", "`open", "``a`b``", "- [x] done",
    "# top", "1. one", "> quote", "[a]: https://evil.example", "<!-- hidden", "\\[x\\](y)", "javascript:alert(1)",
)  # fmt: skip


@given(st.lists(st.sampled_from([*HOSTILE, " ", "\n", "a", "`"]) | st.text(max_size=8), max_size=8).map("".join))
def test_words_of_others_do_nothing(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(f"- {prose(text)}")
    inline = [child for token in tokens if token.type == "inline" for child in token.children or []]
    assert {t.type for t in tokens} <= {
        "bullet_list_open", "list_item_open", "paragraph_open", "inline", "paragraph_close", "list_item_close",
        "bullet_list_close",
    }  # fmt: skip
    assert {c.type for c in inline} <= {"text", "code_inline", "text_special"}
    plain = "".join(c.content for c in inline if c.type != "code_inline")
    for mark in ("://", "@octocat", "#12", "GH-12", "mail@", "www.evil"):
        assert mark not in plain
