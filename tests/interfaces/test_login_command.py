from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banana_assets.backends.keys import server_secret
from banana_assets.backends.sessions import Sessions
from banana_assets.backends.settings import load, load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.cli.main import main


def banana(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    load.cache_clear()
    with pytest.raises(SystemExit) as left:
        main(list(words))
    out, err = capsys.readouterr()
    return int(str(left.value.code)), out, err


def test_a_link_is_printed_listed_and_revoked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = banana(
        capsys, "keys", "login", "--scope", "read", "--name", "ann", "--at", "https://ci.example/"
    )
    assert status == 0
    found = re.fullmatch(r"https://ci\.example/login\?code=([0-9a-f]{16}\.[0-9a-f]{64})\n", out)
    assert found is not None
    assert "ten minutes" in err
    settings, now = load_from(home), datetime.now(UTC)
    with open_store(settings) as store:
        session = Sessions(store.engine, server_secret(settings)).open(found[1], now)
    assert session is not None
    assert (session.name, session.scopes) == ("ann", {"read"})
    listed = json.loads(banana(capsys, "keys", "sessions", "--format", "json")[1])
    assert [(row["session_id"], row["name"]) for row in listed] == [(session.session_id, "ann")]
    assert banana(capsys, "keys", "revoke", session.session_id)[0] == 0
    status, _, err = banana(capsys, "keys", "revoke", session.session_id)
    assert status == 2
    assert "was over before" in err
    assert banana(capsys, "keys", "revoke", "unknown")[0] == 2


def test_a_key_is_told_to_programs_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = banana(capsys, "keys", "create", "ide", "--days", "3", "--format", "json")
    told = json.loads(out)
    assert (status, told["name"], told["scopes"]) == (0, "ide", ["read"])
    assert told["key"].startswith("banana_")
    (listed,) = json.loads(banana(capsys, "keys", "list", "--format", "json")[1])
    assert listed["expires_at"][:19] == told["expires_at"][:19]
    assert re.fullmatch(r"banana_\S+\n", banana(capsys, "keys", "create", "other")[1])
