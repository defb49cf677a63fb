import gzip
import json
from pathlib import Path

import pytest

from banana_assets.interfaces.cli.diagnose import app
from banana_assets.interfaces.cli.running import run

RED = "make\ncart.c:2:33: error: expected ';'\nmake: *** [all] Error 1\n##[error]Process completed with exit code 2.\n"
GREEN = "all good\nJob succeeded\n"


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(path)


def test_json_has_a_row_a_file_in_the_order_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [written(tmp_path, "b.log.gz", RED), written(tmp_path, "a.log", GREEN)]
    assert run(app, "diagnose", ["--json", *files]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["file"] for row in rows] == files
    assert rows[0]["category"] == "compile_error"
    assert rows[0]["cause"][0] == [2, 2]
    assert rows[0]["pack_tokens"] == -(-len(rows[0]["pack"]) // 4)
    assert {"confidence", "evidence", "fingerprint", "failing_tests", "exit_code", "next_step"} <= set(rows[0])
    assert rows[1]["status"] == "success"


def test_people_see_category_cause_and_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "diagnose", [written(tmp_path, "a.log", RED)]) == 1
    out = capsys.readouterr().out
    assert "compile error" in out
    assert "2 | cart.c:2:33: error: expected ';'" in out
    assert "Next" in out


def test_a_green_log_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "diagnose", [written(tmp_path, "a.log", GREEN)]) == 0
    assert "looks green" in capsys.readouterr().out


def test_against_a_green_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    red = written(tmp_path, "red.log", "ERROR: cache miss\n" + RED)
    green = written(tmp_path, "green.log", "ERROR: cache miss\n" + GREEN)
    assert run(app, "diagnose", ["--json", "--against", green, red]) == 1
    assert json.loads(capsys.readouterr().out)["category"] == "compile_error"


def test_bad_input_ends_with_2_and_one_sentence_naming_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (str(tmp_path / "absent.log"), str(tmp_path), written(tmp_path, "empty.log", "")):
        assert run(app, "diagnose", [file]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert file in shown.err
        assert "Traceback" not in shown.err


def test_a_count_of_failing_tests_that_is_not_all_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = "".join(f"--- FAIL: TestCase{i} (0.00s)\n" for i in range(10_001))
    assert run(app, "diagnose", [written(tmp_path, "a.log", log)]) == 1
    assert "at least 10000 failing tests" in capsys.readouterr().out


def test_secrets_of_a_log_are_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "build.log"
    log.write_text(
        "Run deploy\nError: no login with password=hunter2secret\n##[error]Process completed with exit code 1.\n"
    )
    for words in ([str(log)], [str(log), "--json"]):
        run(app, "diagnose", words)
        out = capsys.readouterr().out
        assert "hunter2secret" not in out
        assert "[masked password]" in out
