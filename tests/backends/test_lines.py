import gzip
import io
import os
import stat

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.backends.lines import MAX_TEXT, Oddities, open_log, read_lines, scan_oddities, texts_of
from banana_assets.core.errors import InputError

LIMITS = lambda: (1 << 30, 1000)  # noqa: E731


def rows(data: bytes, chunk: int = 16 << 20) -> list[tuple[int, str]]:
    return [row for frame in read_lines(io.BytesIO(data), chunk) for row in frame.rows()]


def expected(data: bytes) -> list[str]:
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"\0", b"\xff", "é".encode(), b"\xe2\x82", b"x" * 13])),
    st.integers(1, 9),
)
def test_lines_are_the_file_split_at_line_feeds(pieces, chunk):
    data = b"".join(pieces)
    assert rows(data, chunk) == list(enumerate(expected(data), 1))


@given(st.binary(max_size=300), st.integers(1, 50))
def test_scanning_counts_what_reading_counts(data, chunk):
    seen = Oddities()
    for _ in read_lines(io.BytesIO(data), chunk, oddities=seen):
        pass
    assert scan_oddities(io.BytesIO(data), 7) == seen
    assert seen.bytes == len(data)
    assert seen.lines == len(expected(data))


def test_oddities_are_counted_by_line():
    data = b"fine\nb\xffd\xfe\nn\0\0l\n" + b"x" * (MAX_TEXT + 1) + b"\nlast"
    assert scan_oddities(io.BytesIO(data)) == Oddities(
        lines=5, bytes=len(data), invalid_utf8_lines=1, nul_lines=1, long_lines=1
    )


@pytest.mark.parametrize("chunk", [1000, 100_000, 16 << 20])
def test_a_huge_line_is_cut_and_does_not_disturb_its_neighbours(chunk):
    data = b"before\n" + b"y" * 3_000_000 + b"\nafter\n" + b"z" * MAX_TEXT + b"\n"
    found = rows(data, chunk)
    assert [number for number, _ in found] == [1, 2, 3, 4]
    assert [len(text) for _, text in found] == [6, MAX_TEXT, 5, MAX_TEXT]
    assert found[2] == (3, "after")


def test_a_cut_falls_between_characters():
    data = ("é" * MAX_TEXT).encode() + b"\n"
    text = rows(data)[0][1]
    assert text == "é" * (MAX_TEXT // 2)
    odd = rows(b"a" + data)[0][1]
    assert odd == "a" + "é" * (MAX_TEXT // 2 - 1)


@pytest.mark.parametrize("pack", [lambda b: b, gzip.compress, zstandard.ZstdCompressor().compress])
def test_plain_gzip_and_zstd_read_the_same(tmp_path, pack):
    text = b"one\ntwo\n" * 1000
    path = tmp_path / "log"
    path.write_bytes(pack(text))
    with open_log(path, LIMITS) as stream:
        assert stream.read() == text


def test_members_one_after_the_other_are_one_log(tmp_path):
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n") + b"\0" * 512)
    with open_log(path, LIMITS) as stream:
        assert stream.read() == b"one\ntwo\n"


def test_an_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "empty"
    path.touch()
    with open_log(path, LIMITS) as stream:
        assert list(read_lines(stream)) == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress])
def test_cut_and_damaged_streams_say_so(tmp_path, pack):
    packed = pack(b"".join(b"line %d of %d\n" % (i, i * i) for i in range(20_000)))
    path = tmp_path / "log"
    for broken in (packed[: len(packed) // 2], packed[:9]):
        path.write_bytes(broken)
        with open_log(path, LIMITS) as stream, pytest.raises(InputError, match="cut short"):
            stream.read()
    path.write_bytes(packed[:500] + b"\xa5" * 5000 + packed[5500:])
    with open_log(path, LIMITS) as stream, pytest.raises(InputError, match=r"damaged|cut short"):
        stream.read()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(level=19).compress])
def test_bombs_are_refused_by_size_and_by_ratio(tmp_path, pack):
    path = tmp_path / "log"
    path.write_bytes(pack(b"\0" * (40 << 20)))
    with open_log(path, lambda: (10 << 20, 10**9)) as stream, pytest.raises(InputError, match="more than"):
        stream.read()
    with open_log(path, lambda: (1 << 40, 100)) as stream, pytest.raises(InputError, match="bomb"):
        stream.read()


def test_what_cannot_be_opened_is_named_with_a_remedy(tmp_path):
    with pytest.raises(InputError, match="does not exist") as missing:
        open_log(tmp_path / "none", LIMITS)
    assert missing.value.remedy
    with pytest.raises(InputError, match="is a folder"):
        open_log(tmp_path, LIMITS)
    closed = tmp_path / "closed"
    closed.write_text("x")
    closed.chmod(0)
    if os.geteuid() == 0:
        pytest.skip("the superuser may read every file")
    try:
        with pytest.raises(InputError, match="may not be read"):
            open_log(closed, LIMITS)
    finally:
        closed.chmod(stat.S_IRUSR)


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\r", b"a\r\r", b"\x00\xff", "é\x85\u2028".encode()])))
def test_texts_are_those_of_the_frames(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    framed = [text for frame in read_lines(io.BytesIO(data)) for text in frame["text"].to_list()]
    assert texts_of(io.BytesIO(data)) == framed
