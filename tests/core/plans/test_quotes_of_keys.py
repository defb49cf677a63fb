"""A quote from inside a private key shows nothing of it, however long the key and the log are."""

from __future__ import annotations

import pytest

from banana_assets.core.plans import quotes
from banana_assets.core.plans.quotes import Log

BODY = [f"x7Kq9TzW2mB4nR6vL8pD1sF3hJ5gY0aC9eUix7Kq9TzW2mB4nR6vL8pD1sF3h{n:02d}" for n in range(90)]
LINES = ["make", "-----BEGIN RSA PRIVATE KEY-----", *BODY, "-----END RSA PRIVATE KEY-----", "error: it failed"]


@pytest.mark.parametrize("whole", [20_000, 0])
def test_no_line_of_a_long_key_is_quoted(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "WHOLE_LINES", whole)
    log = Log("sha", LINES)
    for first in (3, 50, 88, 92):
        quote = log.quote(first, first + 1)
        assert quote is not None
        assert "x7Kq9" not in quote
    assert log.quote(1, 1) == "make"
    assert log.quote(len(LINES), len(LINES)) == "error: it failed"
