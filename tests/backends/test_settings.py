from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.backends.setting_values import SecretStr
from banana_assets.backends.settings import Settings, explain, find_home, load_from, mask_password
from banana_assets.core.errors import SettingsError


def _values(settings: Settings) -> dict[str, tuple[object, str]]:
    return {row.name: (row.value, row.source) for row in explain(settings)}


def test_everything_has_a_default_in_the_home(home: Path) -> None:
    settings = load_from(home)
    assert settings.records_url == f"sqlite:///{home}/banana.sqlite"
    assert (settings.tables_root, settings.blobs_root) == (str(home / "tables"), str(home / "blobs"))
    assert _values(settings)["home"] == (str(home), "environment (BANANA_HOME)")


@pytest.mark.parametrize("empty", ["", "  "])
def test_a_secret_that_everybody_knows_is_none(home: Path, monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    for name in ("SERVER_SECRET", "GITHUB_WEBHOOK_SECRET", "GITLAB_WEBHOOK_SECRET"):
        monkeypatch.setenv(f"BANANA_{name}", empty)
    settings = load_from(home)
    assert {settings.server_secret, settings.github_webhook_secret, settings.gitlab_webhook_secret} == {None}


def test_the_environment_beats_the_file_which_beats_the_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "config.toml").write_text(
        'openai_model = "from file"\nmax_log_bytes = 5\n[llm_planning]\nmax_plan_templates = 7\n', encoding="utf-8"
    )
    monkeypatch.setenv("BANANA_MAX_LOG_BYTES", "9")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("BANANA_DATABASE_URL", "postgresql://me:hush@host/db")
    settings = load_from(home)
    assert settings.openai_api_key == SecretStr("sk-secret")
    told = _values(settings)
    assert told["openai_model"] == ("from file", "config.toml")
    assert told["max_plan_templates"] == (7, "config.toml")
    assert told["max_log_bytes"] == (9, "environment (BANANA_MAX_LOG_BYTES)")
    assert told["openai_api_key"] == ("****", "environment (OPENAI_API_KEY)")
    assert told["database_url"] == ("postgresql://me:****@host/db", "environment (BANANA_DATABASE_URL)")
    assert told["partitions_start"] == (None, "default")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "no valid TOML"),
        ("colour = 1", "colour"),
        ("max_log_bytes = -1", "max_log_bytes"),
        ('home = "x"', "home"),
    ],
)
def test_a_wrong_file_is_named(home: Path, text: str, said: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_from(home)


def test_the_home_is_found(tmp_path: Path) -> None:
    (tmp_path / ".banana").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_home({}, deep) == tmp_path / ".banana"
    assert find_home({"BANANA_HOME": str(tmp_path)}, deep) == tmp_path


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("sqlite:///a@b", "sqlite:///a@b"),
        ("postgresql://u:p@h/d", "postgresql://u:****@h/d"),
        ("http://u@h", "http://u@h"),
    ],
)
def test_passwords_are_masked(address: str, shown: str) -> None:
    assert mask_password(address) == shown


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BANANA_MAX_LOG_BYTES", "abc", "a whole number"),
        ("BANANA_PARTITIONS_START", "soon", "a day such as"),
        ("BANANA_EXECUTOR", "x", "'in_process' or 'multiprocess'"),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_should_be(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_from(home)
    assert variable in str(caught.value)
    assert said in str(caught.value)
