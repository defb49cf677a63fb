"""``banana manage-plan-templates`` and ``banana templates``, in this process."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.plans.templates import Template, TemplateStep
from banana_assets.core.tables import PLAN_OUTCOMES
from tests.commands import Run
from tests.core.metrics.frames import T0, at


def a_template(ident: str, **more: Any) -> Template:
    step = TemplateStep("change", "Declare `{missing}`.", "It is there.", 10)
    made = Template(
        ident * 16, f"Way {ident}", "d", "missing_dependency", "pip", "x", (step,), (), "", "plans", ("e",), (), T0, T0
    )
    return replace(made, **more)


def told(ident: str, fixed: int, recurred: int) -> list[dict[str, Any]]:
    return [
        {"plan_id": f"{ident}{k}", "kind": "failure", "subject": "x", "outcome": "fixed" if k < fixed else "recurred",
         "why": "", "counts": True, "final": True, "state": "done", "horizon_days": 7.0, "decided_by": [],
         "clean_builds": 0,
         "past_failures": 0, "past_builds": 0, "failed_otherwise": 0, "planner": "p", "model_used": "none",
         "template_id": ident * 16, "base_n": 0, "base_gone": 0, "base_weight": 0.0, "base_low": 0.0, "base_high": 1.0}
        for k in range(fixed + recurred)
    ]  # fmt: skip


@pytest.fixture
def filled(home: Path, banana: Run) -> Run:
    """The same on a home with three templates: one worked in 3 of 4, one in 0 of 2, one was not tried."""
    settings = load_from(home)
    with open_store(settings) as store:
        TemplateRecords(store.engine).save(
            [
                a_template("a", created_at=at(1)),
                a_template("b", created_at=at(3)),
                a_template("c", created_at=at(2), description="for wheels"),
            ]
        )
    rows = pl.DataFrame([*told("a", 3, 1), *told("b", 0, 2)], schema=PLAN_OUTCOMES.dtypes)
    Tables(settings.tables_root).replace(PLAN_OUTCOMES, rows)
    return banana


def names(run: Run, *words: str) -> list[str]:
    status, out, _ = run("templates", *words, "--format", "json")
    assert status == 0
    return [row["name"][-1] for row in json.loads(out)]


@pytest.mark.parametrize("command", ["templates", "manage-plan-templates"])
def test_no_operation_says_which_there_are_and_two_are_too_many(banana: Run, command: str) -> None:
    status, out, err = banana(command)
    assert (status, out) == (2, "")
    assert "--list, --search, --show, --export, --import or --delete" in err
    status, out, err = banana(command, "--list", "--delete", "x")
    assert (status, out) == (2, "")
    assert "one operation" in err


def test_lists_are_sorted_filtered_and_cut(filled: Run) -> None:
    assert names(filled, "--list") == ["b", "c", "a"]
    assert names(filled, "-l", "--order", "asc") == ["a", "c", "b"]
    assert names(filled, "-l", "--sort-by", "name") == ["a", "b", "c"]
    assert names(filled, "-l", "--sort-by", "name", "--order", "desc") == ["c", "b", "a"]
    assert names(filled, "-l", "--sort-by", "success_rate") == ["a", "b", "c"]
    assert names(filled, "-l", "--filter-success-rate", "0.5") == ["a"]
    assert names(filled, "-l", "--limit", "1") == ["b"]
    assert "1 template without a decided plan left out" in filled("templates", "-l", "--filter-success-rate", "0.5")[2]
    assert "2 more (--limit)" in filled("templates", "-l", "--limit", "1")[2]
    assert filled("templates", "-l", "--filter-success-rate", "2")[0] == 2


def test_the_formats(filled: Run) -> None:
    table = filled("templates", "-l")[1]
    assert "75% (30% to 95%) of 4" in table
    assert "not tried yet" in table
    rows = list(csv.DictReader(io.StringIO(filled("manage-plan-templates", "-l", "-f", "csv")[1])))
    assert rows[0]["ID"] == "b" * 16
    assert {"Name", "Description", "Success Rate", "Usage Count", "Created At"} <= set(rows[0])
    assert json.loads(filled("templates", "-l", "-f", "json")[1])[0]["id"] == "b" * 16


def test_one_is_shown_with_its_steps(filled: Run) -> None:
    status, out, _ = filled("templates", "--show", "aaa")
    assert status == 0
    assert "1. Declare `{missing}`.\n   change, 10 min, medium\n   -> It is there." in out
    assert "Worked: 75% (30% to 95%) of 4" in out
    assert json.loads(filled("templates", "--show", "a", "-f", "json")[1])["id"] == "a" * 16
    assert filled("templates", "--show", "zz")[:2] == (1, "")


def test_options_that_change_nothing_are_told(filled: Run) -> None:
    assert "--limit changes nothing with --show" in filled("templates", "--show", "a", "--limit", "1")[2]
    assert "--conflict-strategy changes nothing" in filled("templates", "-l", "--conflict-strategy", "skip")[2]
    assert "nothing" not in filled("templates", "-l", "--limit", "3")[2]


def test_search_looks_for_all_words(filled: Run) -> None:
    assert names(filled, "--search", "WHEELS way") == ["c"]
    status, _, err = filled("templates", "-s", "nothing")
    assert status == 0
    assert "no template has these words" in err


def test_export_and_import_make_the_same_templates_elsewhere(filled: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    status, out, err = filled("templates", "--export", str(file))
    assert (status, out) == (0, "")
    assert "exported 3 templates" in err
    value = json.loads(file.read_text())
    assert value["template_count"] == len(value["templates"]) == 3
    assert json.loads(filled("templates", "-e", "-", "--filter-success-rate", "0.5")[1])["template_count"] == 1
    # Into the same store: nothing new; another one takes all.
    assert json.loads(filled("templates", "-i", str(file), "-f", "json")[1])["skipped"] == 3
    other = file.with_name("other.json")
    other.write_text(file.read_text().replace("Way", "Path").replace("a" * 16, "d" * 16))
    status, out, _ = filled("templates", "-i", str(other), "--conflict-strategy", "merge", "-f", "json")
    assert (status, json.loads(out)) == (0, {"added": 1, "merged": 2, "replaced": 0, "skipped": 0})
    assert filled("templates", "-e", str(tmp_path / "no" / "x.json"))[0] == 2


def test_a_store_may_begin_with_an_import(banana: Run, tmp_path: Path) -> None:
    file = tmp_path / "original.json"
    entry = {
        "id": 1,
        "name": "=A1",
        "template_data": {"approach": "x", "subtasks": []},
        "success_rate": 0.7,
        "usage_count": 1,
    }
    file.write_text(json.dumps({"templates": [entry]}))
    status, _, err = banana("manage-plan-templates", "--import", str(file))
    assert status == 0
    assert "not counted from outcomes" in err
    rows = list(csv.DictReader(io.StringIO(banana("templates", "-l", "-f", "csv")[1])))
    assert (rows[0]["Name"], rows[0]["Success Rate"]) == ("'=A1", "")
    assert "no outcomes are computed yet" in banana("templates", "-l")[2]


def test_bad_files_are_refused_in_one_sentence_and_nothing_comes_in(filled: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    good = {"name": "good", "template_data": {"subtasks": []}}
    for text, said in (
        ("{", "is no JSON"),
        ("[]", "holds no templates"),
        (json.dumps({"templates": [good, {}]}), "no name"),
    ):
        file.write_text(text)
        status, out, err = filled("templates", "-i", str(file))
        assert (status, out) == (2, "")
        assert said in err
        assert "Traceback" not in err
    assert filled("templates", "-i", str(tmp_path / "absent"))[0] == 2
    assert len(names(filled, "-l")) == 3


def test_delete(filled: Run) -> None:
    status, out, err = filled("templates", "--delete", "zzzz")
    assert (status, out) == (1, "")
    assert "no template zzzz" in err
    assert filled("templates", "--delete", "aaaa")[0] == 0
    assert names(filled, "-l") == ["b", "c"]
    assert filled("templates", "--delete", "aaaa")[0] == 1
