"""Vectors for real: two processes that write at once, one that is killed, and the server that ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from banana_assets.backends.search import open_search
from banana_assets.backends.search.embedding import DIMENSIONS, MODEL
from banana_assets.backends.search.remembered import Remembered
from banana_assets.backends.search.vectors import LOCK, NoVectorsError, answers, open_vectors
from banana_assets.backends.settings import load_from
from banana_assets.core.search.types import Document, Filters
from banana_assets.core.search.words import essence
from tests.system.processes import environment

pytestmark = pytest.mark.timeout(240)
PROJECT = Path(__file__).resolve().parents[2]

PARENT = """
import sys, time
from pathlib import Path
from banana_assets.backends.search.server import start
print(start(Path(sys.argv[1])), flush=True)
time.sleep(300)
"""

WRITER = """
import sys
from pathlib import Path
from tests.system.test_shared_vectors import many, unit
from banana_assets.backends.search.vectors import open_vectors
from banana_assets.backends.settings import load_from

vectors = open_vectors(load_from(Path(sys.argv[1])), Path(sys.argv[1]) / "search")
print(vectors.mode, flush=True)
first, last = int(sys.argv[2]), int(sys.argv[3])
for start in range(first, last, 25):
    documents = many(start, min(start + 25, last))
    vectors.put(documents, unit(documents))
    print(start, flush=True)
vectors.close()
"""


def many(first: int, last: int) -> list[Document]:
    return [
        Document(
            f"pattern-{i}", "pattern", str(i), f"message {i}", f"message number {i}", f"message {i}", severity="low"
        )
        for i in range(first, last)
    ]


def unit(documents: list[Document]) -> np.ndarray:
    """A vector a document, the same in every process."""
    rows = np.stack([np.random.default_rng(int(d.key)).normal(size=DIMENSIONS) for d in documents])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def child(home: Path, code: str, *words: object) -> subprocess.Popen[str]:
    variables = environment(home) | {"PYTHONPATH": str(PROJECT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], env=variables, stdout=subprocess.PIPE, text=True
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(check: object, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def server(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that has started a server for the home, and the server's address."""
    parent = child(home, PARENT, home / "search")
    try:
        yield parent, line(parent)
    finally:
        parent.kill()
        parent.wait()


def test_two_writers_on_the_server_lose_nothing_and_it_ends_with_its_parent(
    home: Path, server: tuple[subprocess.Popen[str], str]
) -> None:
    parent, url = server
    assert answers(url)
    writers = [child(home, WRITER, home, 0, 100), child(home, WRITER, home, 100, 200)]
    assert [line(writer) for writer in writers] == ["server", "server"]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    shared = open_vectors(load_from(home), home / "search")
    assert shared.mode == "server"
    assert shared.hashes() == {d.document_id: d.content_hash for d in many(0, 200)}
    (wanted,) = unit(many(117, 118))
    assert shared.find(wanted, Filters(), 1)[0] == ("pattern-117", pytest.approx(1, abs=1e-4))
    shared.close()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert ended(lambda: not answers(url))
    with FileLock(home / "search" / LOCK, timeout=10):
        pass


def test_a_writer_killed_half_way_is_made_good_by_a_rebuild(home: Path) -> None:
    documents = many(0, 30)
    memory = Remembered(home / "search", MODEL, DIMENSIONS)
    texts = [*(d.essence for d in documents), essence("message 7")]
    memory.put(texts, np.concatenate([unit(documents), unit(documents[7:8])]))
    memory.close()
    settings = load_from(home)
    with open_search(settings) as search:
        if search.update(documents).mode == "words":
            pytest.skip(search.notes[0])
        before = [(h.document.document_id, h.score) for h in search.search("message 7")]
    writer = child(home, WRITER, home, 30, 5000)
    assert line(writer) == "embedded"
    line(writer)
    with pytest.raises(NoVectorsError, match="Another process has the vectors"):
        open_vectors(settings, home / "search")
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    with open_search(settings) as search:
        assert search.rebuild(documents).embedded == 0
        assert search.notes == []
        assert [(h.document.document_id, h.score) for h in search.search("message 7")] == before
