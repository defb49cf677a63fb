from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from banana_assets.backends.ingest import archives
from banana_assets.backends.ingest.archives import members
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings(home=home, max_log_bytes=64 << 20, max_archive_ratio=100)


def _zip(path: Path, *files: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def _tar(path: Path, *files: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, data in files:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_members_come_in_order_with_their_content(tmp_path: Path, scratch: Path, settings: Settings) -> None:
    path = _zip(tmp_path / "a.zip", ("b/", b""), ("b/1.log", b"one\n"), ("a.csv", b"x"))
    found = members(path, settings, scratch)
    assert [(str(m.path), m.log, m.content.head()) for m in found] == [
        ("b/1.log", True, b"one\n"),
        ("a.csv", False, b"x"),
    ]
    assert found[0].content.name == f"{path}!b/1.log"


NAMES = ["../evil.log", "a/../../evil.log", "/etc/evil.log", "C:/evil.log", "..\\evil.log", "a/.."]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_outside(tmp_path: Path, scratch: Path, settings: Settings, name: str, kind: str) -> None:
    if kind == "zip":
        path = _zip(tmp_path / "a.zip", ("good.log", b"good\n"), (name, b"evil\n"))
    else:
        path = _tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("good.log"), b"good\n"), (tarfile.TarInfo(name), b"evil\n"))
    with pytest.raises(InputError, match="leads outside") as caught:
        members(path, settings, scratch)
    assert str(path) in caught.value.message
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_of_a_tar(tmp_path: Path, scratch: Path, settings: Settings, kind: bytes) -> None:
    info = tarfile.TarInfo("a.log")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(InputError, match=r"link|no file"):
        members(_tar(tmp_path / "a.tar.gz", (info, b"")), settings, scratch)


def test_links_of_a_zip(tmp_path: Path, scratch: Path, settings: Settings) -> None:
    info = zipfile.ZipInfo("a.log")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with pytest.raises(InputError, match="link"):
        members(_zip(tmp_path / "a.zip", (info, b"/etc/passwd")), settings, scratch)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_bombs_by_ratio(tmp_path: Path, scratch: Path, settings: Settings, kind: str) -> None:
    data = b"0" * (32 << 20)
    path = tmp_path / f"a.{kind}"
    _zip(path, ("a.log", data)) if kind == "zip" else _tar(path, (tarfile.TarInfo("a.log"), data))
    with pytest.raises(InputError, match="100 times"):
        members(path, settings, scratch)


def test_bombs_by_total_size(tmp_path: Path, scratch: Path, settings: Settings) -> None:
    small = settings.model_copy(update={"max_log_bytes": 1 << 20, "max_archive_ratio": 10**9})
    path = _zip(tmp_path / "a.zip", *((f"{i}.log", b"0" * (1 << 18)) for i in range(5)))
    with pytest.raises(InputError, match="1,048,576 bytes"):
        members(path, small, scratch)


def test_bombs_by_number(tmp_path: Path, scratch: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    with pytest.raises(InputError, match="more than 10 entries"):
        members(_zip(tmp_path / "a.zip", *((f"{i}.log", b"x") for i in range(11))), settings, scratch)


def test_a_size_that_lies(tmp_path: Path, scratch: Path, settings: Settings) -> None:
    path = _zip(tmp_path / "a.zip", ("a.log", b"0" * 100_000))
    data = bytearray(path.read_bytes())
    # Both headers claim 10 bytes.
    for at in (22, data.index(b"PK\x01\x02") + 24):
        data[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    with pytest.raises(InputError, match="no readable archive"):
        members(path, settings, scratch)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
def test_what_is_cut_or_damaged(tmp_path: Path, scratch: Path, settings: Settings, name: str) -> None:
    path = tmp_path / name
    content = bytes(range(256)) * 4000
    _zip(path, ("a.log", content)) if name == "a.zip" else _tar(path, (tarfile.TarInfo("a.log"), content))
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], data[:20], b"", b"nonsense" * 200):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=str(path)) as caught:
            members(path, settings, scratch)
        assert "\n" not in str(caught.value)
        for left in scratch.iterdir():
            left.unlink()


def test_a_name_twice(tmp_path: Path, scratch: Path, settings: Settings) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = _zip(tmp_path / "a.zip", ("a.log", b"one"), ("a.log", b"two"))
    with pytest.raises(InputError, match="twice"):
        members(path, settings, scratch)


def test_encrypted_entries(tmp_path: Path, scratch: Path, settings: Settings) -> None:
    path = _zip(tmp_path / "a.zip", ("a.log", b"secret"))
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="encrypted"):
        members(path, settings, scratch)
