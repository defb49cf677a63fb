from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from banana_assets.backends.search import embedding, open_search
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.tables import FAILURE_CLUSTERS, LOG_PATTERNS
from tests.commands import Run
from tests.core.metrics.frames import patterns
from tests.core.search.samples import document, documents
from tests.core.search.test_search_documents import cluster

LOG = """\
collected 4 items
==================================== ERRORS ====================================
_____________________ ERROR collecting tests/test_hours.py _____________________
ImportError while importing test module '/ci/api/tests/test_hours.py'.
E   ModuleNotFoundError: No module named 'yaml'
=========================== short test summary info ============================
ERROR tests/test_hours.py
========================= 1 error in 0.52s ==========================
"""


@pytest.fixture
def banana(banana: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``banana search`` in this process, by words: its exit status, stdout and stderr."""
    monkeypatch.setattr(embedding, "PACKAGE", "no-such-package")
    return partial(banana, "search")


@pytest.fixture
def filled(home: Path, banana: Run) -> Run:
    """The same on a home with an index."""
    with open_search(load_from(home), meaning=False) as search:
        search.update(documents())
    return banana


def keys(run: Run, *words: str) -> list[str]:
    status, out, _ = run(*words, "--format", "jsonl", "--by", "words")
    assert status == 0
    return [json.loads(line)["key"] for line in out.splitlines()]


def test_without_an_index_it_says_what_to_run(banana: Run, home: Path) -> None:
    status, out, err = banana("disk", "full")
    assert (status, out) == (2, "")
    assert "banana materialize" in err
    assert not home.exists()


def test_words_need_no_quotes(filled: Run) -> None:
    assert keys(filled, "no", "space", "left")[0] == "disk"
    assert keys(filled, "no space left")[0] == "disk"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--kind", "pattern"], ["redis"]),
        (["--severity", "high"], ["disk"]),
        (["--source", "shop"], ["redis"]),
        (["--since", "2h"], ["disk"]),
        (["--until", "2026-02-27"], ["redis"]),
        (["--limit", "1"], ["redis"]),
    ],
)
def test_filters(filled: Run, words: list[str], found: list[str]) -> None:
    assert keys(filled, "disk", *words) == found


def test_a_hit_shows_where_it_was_seen_and_what_helped(filled: Run, home: Path) -> None:
    with open_search(load_from(home), meaning=False) as search:
        search.update([document("disk", helped="Empty the cache", build_id="b7", place="b7:40")])
    status, out, _ = filled("disk", "--by", "words")
    assert status == 0
    assert "failure disk  (100% of the words)" in out
    assert "build b7, b7:40" in out
    assert "helped  Empty the cache" in out


def test_without_the_weights_it_says_so_and_searches_words(filled: Run) -> None:
    status, out, err = filled("heap", "space")
    assert status == 0
    assert "OutOfMemoryError" in out
    assert err.count("\n") == 1
    assert "Searching by words alone: The package no-such-package is not installed." in err


def test_nothing_found_is_said(filled: Run) -> None:
    status, out, err = filled("zebra", "--by", "words")
    assert (status, out) == (0, "")
    assert "nothing like that is known" in err
    assert filled("zebra", "--by", "words", "--format", "json")[1] == "[]\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to search for"),
        (["x", "--source", "shap"], "Near it are shop"),
        (["x", "--since", "yesterday"], "is no day and no duration"),
        (["missing.log"], "missing.log does not exist"),
    ],
)
def test_mistakes_are_told_in_a_sentence(filled: Run, words: list[str], said: str) -> None:
    status, out, err = filled(*words, "--by", "words")
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_log_is_explained_first_and_the_very_same_failure_comes_first(
    filled: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = {"fingerprint": diagnose(LOG.splitlines()).fingerprint, "first_seen": None, "similarity": 1.0}
    row = cluster(cluster_id="merge", fingerprints=[member])
    # A row of which two columns matter.
    monkeypatch.setattr(Tables, "scan", lambda self, table: row.lazy() if table is FAILURE_CLUSTERS else None)
    log = tmp_path / "build.log"
    log.write_text(LOG)
    status, out, err = filled(str(log), "--by", "words")
    assert status == 0
    assert "missing dependency" in err
    assert " 1  failure merge  (the same failure)" in out
    assert " 2  failure yaml" in out
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BufferedReader(BytesIO(LOG.encode()))))
    assert filled("-", "--by", "words")[1] == out


def test_the_worst_messages_of_another_log_are_asked_for(filled: Run, tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    lines = [f"2026-03-01 10:00:{i:02d},000 INFO shop: order {i} placed" for i in range(60)]
    lines += [f"2026-03-01 10:01:{i:02d},000 ERROR shop: MISCONF Redis cannot persist to disk" for i in range(9)]
    log.write_text("\n".join(lines) + "\n")
    status, out, _ = filled(str(log), "--by", "words")
    assert status == 0
    assert "pattern redis" in out.splitlines()[0]
    calm = tmp_path / "calm.log"
    calm.write_text("\n".join(lines[:60]) + "\n")
    status, _, err = filled(str(calm), "--by", "words")
    assert status == 2
    assert "asks for attention" in err


def test_the_index_is_made_anew_from_the_tables(banana: Run, home: Path) -> None:
    with open_store(load_from(home)):
        Tables(load_from(home).tables_root).replace(LOG_PATTERNS, patterns([{"pattern_id": "a" * 16}]))
    status, out, err = banana("--rebuild", "request", "failed")
    assert status == 0
    assert "indexed 1 pattern" in err
    assert f"pattern {'a' * 16}" in out


def test_words_alone_load_nothing_heavy(filled: Run, home: Path) -> None:
    code = (
        "import sys\nfrom banana_assets.interfaces.cli.main import main\n"
        "try:\n    main(['search', 'disk', '--by', 'words', '--format', 'json'])\n"
        "except SystemExit:\n    heavy = {'chromadb', 'numpy', 'polars', 'sqlalchemy', 'dagster', 'httpx'}\n"
        "    print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    environment = os.environ | {"BANANA_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout)
    assert done.stderr.strip() == "[]"
