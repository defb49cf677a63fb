from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banana_assets.backends.ingest.manifest import FIELDS, Row, read_manifest
from banana_assets.backends.ingest.times import parse_moment
from banana_assets.core.errors import InputError

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def _read(name: str, text: str | bytes) -> list[Row]:
    return read_manifest(Path(name), text if isinstance(text, bytes) else text.encode())


FORMS = {
    "manifest.json": '\ufeff{"branch": "1.10", "builds": [{"log": "1.log", "exit_code": 2, "started_at": 1777636800}]}',
    "manifest.jsonl": '{"log": "1.log", "branch": "1.10", "exit_code": "2", "started_at": "2026-05-01T14+02:00"}\n\n',
    "manifest.yaml": "builds:\n- {log: 1.log, branch: 1.10, exit_code: 2, started_at: 2026-05-01 12:00, job: null}\n",
    "manifest.csv": "log,branch,exit_code,started_at,job\n1.log,1.10,2,2026-05-01T12:00:00,\n",
}


@pytest.mark.parametrize(("name", "text"), FORMS.items())
def test_every_form_says_the_same(name: str, text: str) -> None:
    (row,) = _read(name, text)
    assert (row.log, row.branch, row.exit_code, row.started_at, row.job) == ("1.log", "1.10", 2, NOON, None)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"log": "1.log", "colour": "red", "size": 1}, r"unknown field 'colour', 'size'"),
        ({"log": "1.log", "status": "sideways"}, r"unknown status 'sideways'"),
        ({"log": "1.log", "exit_code": "two"}, r"exit_code: 'two'"),
        ({"log": "1.log", "exit_code": True}, r"exit_code: True"),
        ({"log": "1.log", "started_at": "yesterday"}, r"started_at: 'yesterday'"),
        ({"log": "1.log", "started_at": 5}, r"started_at: 5"),
        ({"log": ["1.log"]}, r"no text in log"),
        ({"log": "1.log", "junit": [{}]}, r"no text in junit"),
        ({"pipeline": "shop"}, r"neither log nor status"),
        ({"log": "1.log", "started_at": "2026-05-02", "finished_at": "2026-05-01"}, r"finished before it started"),
        ("1.log", r"is no object"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(entry: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        _read("m/manifest.json", json.dumps([{"log": "0.log"}, entry]))
    assert "m/manifest.json, build 2" in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("manifest.json", "[{", "no valid JSON"),
        ("manifest.json", "[" * 100_000, "no valid JSON"),
        ("manifest.jsonl", '{"log": 1}\nnonsense\n', "no valid JSONL"),
        ("manifest.yaml", "a: [", "no valid YAML"),
        ("manifest.yaml", "- !!python/object/apply:os.system [true]\n", "no object"),
        ("manifest.csv", "log,job\n1.log\n", "on line 2"),
        ("manifest.csv", 'log\n"1.log\n', "no valid CSV"),
        ("manifest.json", "{}", "lists no builds"),
        ("manifest.json", "[]", "lists no builds"),
        ("manifest.json", b"\xff\xfe", "not UTF-8"),
        ("manifest.json", '[{"build_id": "a", "log": "1"}, {"build_id": "a", "log": "2"}]', "'a' twice"),
    ],
)
def test_what_is_no_manifest_is_refused(name: str, text: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        _read(name, text)
    assert name in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_yaml_bomb_stays_small() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    with pytest.raises(InputError) as caught:
        _read("manifest.yaml", bomb + "builds: [{log: *j}]\n")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("passed", "success"),
        ("FAILURE", "failed"),
        ("timed out", "error"),
        ("canceled", "cancelled"),
        ("running", "running"),
    ],
)
def test_words_of_ci_systems_are_understood(written: str, status: str) -> None:
    assert _read("manifest.json", json.dumps([{"status": written}]))[0].status == status


def test_windows_writes_negative_codes_as_unsigned() -> None:
    assert _read("manifest.json", '[{"exit_code": 3221225477}, {"exit_code": -9}]')[0].exit_code == -1073741819


def test_every_field_is_read() -> None:
    entry = dict.fromkeys(FIELDS, "1") | {
        "status": "failed",
        "started_at": "2026-05-01",
        "finished_at": "2026-05-02",
    }
    row = _read("manifest.json", json.dumps([entry | {"queued_at": "2026-05-01"}]))[0]
    assert all(getattr(row, name) for name in FIELDS)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-05-01T12:00:00Z", NOON),
        ("2026-05-01 12:00:00 UTC", NOON),
        ("2026-05-01T14:00:00.000+02:00", NOON),
        ("1777636800", NOON),
        (1777636800.0, NOON),
        (1777636800000, NOON),
        ("1777636800000000", NOON),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("20260501", datetime(2026, 5, 1, tzinfo=UTC)),
        ("", None),
        ("noon", None),
        (float("nan"), None),
        (True, None),
        (None, None),
        ("9" * 400, None),
    ],
)  # fmt: skip
def test_moments_are_read_as_people_write_them(written: object, moment: datetime | None) -> None:
    assert parse_moment(written) == moment
