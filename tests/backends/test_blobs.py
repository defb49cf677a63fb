from __future__ import annotations

import io
import os
import random
import subprocess
import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.blobs import SMALL_BYTES
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.scratch import owned_name
from banana_assets.backends.store import Store
from banana_assets.core.errors import StoreError
from tests.backends.conftest import Opener


def _noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("data", [b"", b"x", b"line\n" * 100_000, _noise(SMALL_BYTES * 3)])
def test_what_is_put_comes_back(any_store: Store, data: bytes) -> None:
    blob = any_store.blobs.put(io.BytesIO(data))
    assert (blob.size, any_store.blobs.read(blob.sha256)) == (len(data), data)
    assert any_store.blobs.put(io.BytesIO(data)) == blob


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=4000), cuts=st.lists(st.integers(1, 500), max_size=5))
def test_pieces_make_the_same_blob(store: Store, data: bytes, cuts: list[int]) -> None:
    with store.blobs.writer() as writer:
        rest = data
        for cut in cuts:
            writer.write(rest[:cut])
            rest = rest[cut:]
        writer.write(rest)
        assert writer.finish().sha256 == store.blobs.put(io.BytesIO(data)).sha256


def test_small_ones_are_rows_and_large_ones_files(store: Store) -> None:
    small = store.blobs.put(io.BytesIO(b"a\n" * 1000))
    large = store.blobs.put(io.BytesIO(_noise(SMALL_BYTES + 1000)))
    assert small.content is not None
    assert large.content is None
    assert not Path(store.blobs.path(small.sha256)).exists()
    assert Path(store.blobs.path(large.sha256)).stat().st_size == large.stored_bytes


def test_a_blob_that_is_given_up_leaves_nothing(store: Store) -> None:
    with store.blobs.writer() as writer:
        writer.write(_noise(SMALL_BYTES * 4))
        assert len(list(Path(store.blobs.root).rglob("*.part"))) == 1
    assert [p for p in Path(store.blobs.root).rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_file_is_never_returned(store: Store, damage: str) -> None:
    blob = store.blobs.put(io.BytesIO(_noise(SMALL_BYTES * 2)))
    path = Path(store.blobs.path(blob.sha256))
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "changed":
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    else:
        path.unlink()
    with pytest.raises(StoreError, match=blob.sha256[:16]):
        store.blobs.read(blob.sha256)


def test_a_row_with_other_bytes_is_found_out(store: Store) -> None:
    blob, other = store.blobs.put(io.BytesIO(b"one")), store.blobs.put(io.BytesIO(b"two"))
    with writing(store.engine) as connection:
        connection.execute(t.blobs.update().where(t.blobs.c.sha256 == blob.sha256).values(content=other.content))
    with pytest.raises(StoreError, match="damaged"):
        store.blobs.read(blob.sha256)


def test_an_unknown_address_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no blob"):
        store.blobs.read("0" * 64)


def test_a_stream_can_be_read_in_pieces_and_lines(store: Store) -> None:
    data = b"".join(b"line %d\n" % i for i in range(20_000)) + _noise(SMALL_BYTES * 2)
    blob = store.blobs.put(io.BytesIO(data))
    with store.blobs.open(blob.sha256) as stream:
        assert stream.readline() == b"line 0\n"
        assert stream.read(10) == data[7:17]
        assert stream.read() == data[17:]


def test_memory_stays_flat(store: Store) -> None:
    class Endless(io.RawIOBase):
        left = 64 << 20

        def read(self, size: int = -1) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return os.urandom(size)

    tracemalloc.start()
    try:
        store.blobs.write(Endless())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_other_places_than_folders(new_store: Opener) -> None:
    store = new_store(blobs_url="memory://banana-blobs")
    data = _noise(SMALL_BYTES * 2)
    blob = store.blobs.put(io.BytesIO(data))
    assert store.blobs.read(blob.sha256) == data
    assert [p for p in store.blobs.fs.find(store.blobs.root) if p.endswith(".part")] == []


def test_what_a_killed_process_left_is_swept(store: Store) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    folder = Path(store.blobs.root) / "tmp"
    folder.mkdir(parents=True)
    host = owned_name().partition("~")[0]
    left, mine = folder / f"{host}~{gone.pid}~x.part", folder / f"{owned_name()}y.part"
    left.write_bytes(b"half")
    mine.write_bytes(b"half")
    assert store.blobs.sweep() == 1
    assert (left.exists(), mine.exists()) == (False, True)


def test_a_place_that_cannot_be_written_is_named(new_store: Opener, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = new_store(blobs_url=str(tmp_path / "file" / "blobs"))
    with pytest.raises(StoreError, match="cannot be stored"):
        store.blobs.put(io.BytesIO(_noise(SMALL_BYTES * 2)))
    with reading(store.engine) as connection:
        assert connection.execute(sa.select(t.blobs)).all() == []
