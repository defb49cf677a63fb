import csv
import gzip
import json
import random

import pytest

from banana_assets.interfaces.cli.main import main

LINES = [f"Jun 14 15:16:{i:02d} h sshd[{i}]: Failed password for root from 10.0.0.{i} port 22" for i in range(30)]
LINES += ["Jun 14 15:17:00 h kernel: Out of memory: Killed process 12 (java)", "a banner"]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "app.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


def run(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["mine", *map(str, arguments)])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def test_assignments_have_a_row_a_line(capsys, log, tmp_path):
    out = tmp_path / "out.csv"
    status, said, _ = run(capsys, log, "--assignments", out)
    assert (status, said) == (0, "")
    rows = list(csv.DictReader(out.open(newline="")))
    assert list(rows[0]) == ["LineId", "EventId", "EventTemplate"]
    assert [int(r["LineId"]) for r in rows] == list(range(1, len(LINES) + 1))
    assert rows[0]["EventTemplate"] == "Failed password for <*> from <*> port <*>"
    assert rows[-1]["EventTemplate"] == "a banner"


def test_content_keeps_what_looks_like_a_header(capsys, log, tmp_path):
    out = tmp_path / "out.csv"
    run(capsys, log, "--assignments", out, "--content")
    rows = list(csv.DictReader(out.open(newline="")))
    assert rows[0]["EventTemplate"].endswith("sshd[<*>]: Failed password for <*> from <*> port <*>")


def test_the_table_shows_templates_and_says_what_it_read(capsys, log):
    status, out, err = run(capsys, log, "--top", 1)
    assert status == 0
    assert out.splitlines()[0].split() == ["count", "severity", "first_line", "template"]
    assert "Failed password for <*>" in out
    assert "32 lines" in err
    assert "2 more templates" in err


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_has_every_template(capsys, log, form):
    _, out, _ = run(capsys, log, "--format", form)
    rows = json.loads(out) if form == "json" else [json.loads(line) for line in out.splitlines()]
    worst = next(r for r in rows if r["template"].startswith("Out of memory"))
    assert (worst["severity"], worst["count"], worst["first_line"]) == ("critical", 1, 31)


def test_packed_and_dirty_logs(capsys, tmp_path):
    path = tmp_path / "dirty.gz"
    path.write_bytes(gzip.compress(b"fine 1\nbad \xff\nnul \0\n" + b"x" * 100_000 + b"\n"))
    status, out, err = run(capsys, path)
    assert status == 0
    assert "4 lines" in err
    for remark in ("1 lines with bytes that are no UTF-8", "1 lines with NUL", "1 lines over 64 KiB"):
        assert remark in err
    assert out


def test_an_empty_log_is_no_error(capsys, tmp_path):
    path = tmp_path / "empty"
    path.touch()
    out = tmp_path / "out.csv"
    assert run(capsys, path, "--assignments", out)[0] == 0
    assert out.read_text() == "LineId,EventId,EventTemplate\n"
    assert run(capsys, path)[0] == 0


@pytest.mark.parametrize("what", ["missing", "folder", "cut"])
def test_what_cannot_be_read_ends_in_one_sentence(capsys, tmp_path, what):
    path = tmp_path if what == "folder" else tmp_path / "log.gz"
    if what == "cut":
        path.write_bytes(gzip.compress(b"a line\n" * 1000)[:30])
    status, out, err = run(capsys, path)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert str(path) in err


def test_a_place_that_cannot_be_written(capsys, log, tmp_path):
    status, _, err = run(capsys, log, "--assignments", tmp_path / "no" / "out.csv")
    assert status == 2
    assert "cannot be written" in err


def test_what_is_no_text_is_refused(capsys, tmp_path):
    (tmp_path / "packed").write_bytes(random.Random(1).randbytes(3000))
    status, said, message = run(capsys, tmp_path / "packed")
    assert (status, said) == (2, "")
    assert "is binary data, no text" in message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_refused_with_what_to_do(capsys, tmp_path, encoding):
    log = tmp_path / "windows.log"
    log.write_bytes("\n".join(LINES).encode(encoding))
    status, said, message = run(capsys, log)
    assert (status, said) == (2, "")
    assert "UTF-16" in message
    assert "iconv" in message
