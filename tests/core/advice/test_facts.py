from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.advice.facts import extract


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("ModuleNotFoundError: No module named 'yaml.loader'", "missing", "yaml.loader"),
        ("Error: Cannot find module '@scope/thing'", "missing", "@scope/thing"),
        ("bash: kubectl: command not found", "missing", "kubectl"),
        ("a.c:3:10: fatal error: zlib.h: No such file or directory", "missing", "zlib.h"),
        ("ERROR: No matching distribution found for nopkg==9.9", "missing", "nopkg==9.9"),
        ("curl: (6) Could not resolve host: registry.invalid.test", "host", "registry.invalid.test"),
        ("Timeout of 2000ms exceeded", "limit", "2000ms"),
        ("step timed out after 30 minutes", "limit", "30 minutes"),
        ("EACCES: permission denied, open '/var/lib/x.json'", "path", "/var/lib/x.json"),
        ("deploy: DEPLOY_TOKEN is not set", "variable", "DEPLOY_TOKEN"),
        ("src/a.ts(3,7): error TS2345: no", "code", "TS2345"),
        ("fatal: couldn't find remote ref release/9", "ref", "release/9"),
        ("process died with SIGSEGV", "signal", "SIGSEGV"),
        ("AssertionError: expected 4 to equal 5", "assertion", "expected 4 to equal 5"),
    ],
)
def test_tools_name_what_is_wrong(text: str, kind: str, value: str) -> None:
    assert extract(text).first(kind) == value


def test_own_code_comes_before_libraries() -> None:
    text = 'File "/x/site-packages/lib/core.py", line 9\nFile "app/main.py", line 41\ntests/test_a.py:7: AssertionError'
    assert extract(text).locations == ("app/main.py:41", "tests/test_a.py:7", "/x/site-packages/lib/core.py:9")


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    facts = extract(text)
    assert all(values for values in facts.named.values())
