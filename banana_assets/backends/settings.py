"""Settings: one value, one name, and where it came from.

Sources, the first that has a value wins: an environment variable, ``config.toml`` in the home folder, the default.
"""
# ruff: noqa: RUF009 each setting is a field of a dataclass

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from banana_assets.backends.setting_values import (
    Read,
    SecretStr,
    day_or_none,
    number,
    one_of,
    path,
    path_or_none,
    secret,
    some_of,
    text,
    text_or_none,
    web_address,
    whole,
    yes_no,
)
from banana_assets.core.errors import SettingsError

HOME_VARIABLE = "BANANA_HOME"
LOCAL_HOME = ".banana"
SQLITE_NAME = "banana.sqlite"
FILE = "config.toml"


def find_home(environ: Mapping[str, str] | None = None, start: Path | None = None) -> Path:
    """The folder of all data: BANANA_HOME, else ``.banana`` here or in a folder above, else the user's data folder."""
    environ = os.environ if environ is None else environ
    if told := environ.get(HOME_VARIABLE):
        return Path(told).expanduser().absolute()
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / LOCAL_HOME).is_dir():
            return folder / LOCAL_HOME
    data = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "banana"


def _setting(read: Read, default: Any, meaning: str, *, also: tuple[str, ...] = ()) -> Any:
    """A setting: how its value is read, its default, its meaning, and other programs' variables that set it, after its
    own."""
    return field(default=default, metadata={"read": read, "meaning": meaning, "also": also})


@dataclass(frozen=True, init=False, kw_only=True)
class Settings:
    """All settings of Banana. Variables carry the prefix ``BANANA_``; the names of other programs work as they are.

    Built from what is told, then the environment, then the defaults; ``load`` brings the file.
    """

    home: Path = _setting(path, None, "folder of all data")
    database_url: str | None = _setting(text_or_none, None, "records database; SQLite in the home folder unless told")
    tables_url: str | None = _setting(
        text_or_none, None, "folder or object store of the tables; in the home folder unless told"
    )
    blobs_url: str | None = _setting(
        text_or_none, None, "folder or object store of the logs; in the home folder unless told"
    )
    partitions_start: date | None = _setting(day_or_none, None, "first daily partition; the first arrival unless told")
    watch_folder: Path | None = _setting(path_or_none, None, "folder whose new files are ingested by the sensor")
    max_log_bytes: int = _setting(whole(1), 4 << 30, "largest log taken in, uncompressed (bytes)")
    max_archive_ratio: int = _setting(whole(1), 1000, "largest ratio of unpacked to packed size believed")
    evidence_budget_tokens: int = _setting(whole(200), 2000, "size of an evidence pack (tokens, characters / 4)")
    executor: Literal["in_process", "multiprocess"] = _setting(
        one_of("in_process", "multiprocess"), "in_process", "how the steps of a run are run"
    )
    failure_webhook: str | None = _setting(text_or_none, None, "address that hears of failed runs (JSON by POST)")
    plan_batch: int = _setting(whole(1, 1000), 100, "failed builds that one run plans")
    plan_runs: int = _setting(whole(1), 1, "such runs that the sensor keeps going at once")
    approved_actions: tuple[Literal["ingest", "materialize", "backfill", "compact"], ...] = _setting(
        some_of("ingest", "materialize", "backfill", "compact"),
        (),
        "actions of plans launched without a person's approval: ingest, materialize, backfill, compact",
    )
    server_secret: SecretStr | None = _setting(
        secret, None, "secret under which keys are stored; a file in the home folder unless told"
    )
    allowed_origins: str = _setting(text, "", "front ends that may call the HTTP interface (origins, commas between)")
    allowed_hosts: str = _setting(
        text, "", "names by which the HTTP interface may be called (commas between); this machine's own always"
    )
    request_limit_per_minute: int = _setting(whole(1), 6000, "requests of one key in a minute")
    max_request_bytes: int = _setting(whole(1), 256 << 20, "largest body of a request (bytes)")
    session_id_is_key: bool = _setting(
        yes_no, False, "take a key from ?session_id=, as the original's clients send it; it ends up in logs"
    )
    github_url: str = _setting(text, "https://api.github.com", "GitHub's interface (an enterprise server has its own)")
    github_token: SecretStr | None = _setting(secret, None, "token for GitHub", also=("GITHUB_TOKEN",))
    github_webhook_secret: SecretStr | None = _setting(secret, None, "secret of GitHub's webhooks")
    gitlab_url: str = _setting(text, "https://gitlab.com/api/v4", "GitLab's interface")
    gitlab_token: SecretStr | None = _setting(secret, None, "token for GitLab", also=("GITLAB_TOKEN",))
    gitlab_webhook_secret: SecretStr | None = _setting(
        secret, None, "secret token or signing token of GitLab's webhooks"
    )
    log_hosts: str = _setting(
        text,
        ".actions.githubusercontent.com,.blob.core.windows.net",
        "hosts to which a CI service may send us on for a log (commas between; a dot begins a domain)",
    )
    feed_hosts: str = _setting(
        text, "", "hosts from which podcast feeds may be fetched (commas between; a dot begins a domain)"
    )
    metadata_accept_from: float = _setting(
        number(0, 1), 0.0, "measured precision from which derived metadata are accepted without a person; 0: never"
    )
    webhook_window_hours: int = _setting(whole(1), 72, "age from which a webhook is taken for a replay")
    dagster_url: str | None = _setting(web_address, None, "address of the Dagster UI, for a link in the dashboard")
    code_root: Path | None = _setting(
        path_or_none, None, "code base that coding agents may read; the current folder unless told"
    )
    language_models: bool = _setting(yes_no, True, "ask the language models that are set up; without, plans need none")
    openai_api_key: SecretStr | None = _setting(
        secret, None, "key for OpenAI, or for what openai_base_url names; sets that model up", also=("OPENAI_API_KEY",)
    )
    openai_base_url: str | None = _setting(
        text_or_none, None, "server that speaks OpenAI's protocol; OpenAI itself unless told", also=("OPENAI_BASE_URL",)
    )
    openai_model: str = _setting(text, "gpt-4", "model asked at OpenAI")
    openai_input_price: float | None = _setting(
        number(none=True), None, "US dollars for a million tokens of question; the price list's unless told"
    )
    openai_output_price: float | None = _setting(
        number(none=True), None, "US dollars for a million tokens of answer; the price list's unless told"
    )
    ollama_url: str = _setting(
        text, "http://localhost:11434", "Ollama; asked where this or ollama_model is set", also=("OLLAMA_URL",)
    )
    ollama_model: str = _setting(text, "qwen3:8b", "model at Ollama", also=("OLLAMA_MODEL",))
    ollama_fast_model: str = _setting(
        text, "qwen3:8b", "model at Ollama for small questions; ollama_model unless told", also=("OLLAMA_FAST_MODEL",)
    )
    llm_deadline_seconds: float = _setting(number(above=0), 60, "longest time for one question, all tries together (s)")
    llm_call_dollars: float = _setting(number(), 1, "most that one call may cost (US dollars)")
    llm_run_dollars: float = _setting(number(), 2, "most that one run may cost (US dollars)")
    llm_day_dollars: float = _setting(number(), 5, "most that a UTC day may cost (US dollars)")
    llm_call_tokens: int = _setting(whole(), 32_000, "most tokens of one call, question and answer")
    llm_run_tokens: int = _setting(whole(), 1_000_000, "most tokens of one run")
    llm_day_tokens: int = _setting(whole(), 5_000_000, "most tokens of a UTC day")
    chroma_url: str | None = _setting(text_or_none, None, "Chroma; embedded unless told", also=("CHROMA_URL",))
    meilisearch_url: str | None = _setting(
        text_or_none, None, "Meilisearch; SQLite's own search unless told", also=("MEILISEARCH_URL",)
    )
    meilisearch_key: SecretStr | None = _setting(
        secret,
        None,
        "key for Meilisearch",
        also=(
            "MEILISEARCH_KEY",
            "MEILI_MASTER_KEY",
        ),
    )
    log_analysis_window_hours: int = _setting(whole(1), 24, "hours that an analysis looks back on unless told")
    optimization_score_threshold: float = _setting(
        number(0, 1), 0.7, "score from which a plan becomes a template, and a model's plan is taken"
    )
    resource_efficiency_threshold: float = _setting(
        number(0, 1), 0.6, "least efficiency of a plan that becomes a template"
    )
    max_plan_templates: int = _setting(whole(1), 100, "templates kept")
    max_recommendations: int = _setting(whole(1), 50, "recommendations kept open")
    auto_generate_templates: bool = _setting(yes_no, True, "make templates of plans that worked")
    enable_advanced_models: bool = _setting(yes_no, True, "allow models that cost money")
    default_model: str = _setting(
        text, "qwen3:8b", "model asked unless told: a name, PROVIDER or PROVIDER/NAME; what is set up unless told"
    )
    fallback_model: str = _setting(text, "ollama", "model, or provider, asked when the first one fails")

    def __init__(self, **told: Any) -> None:
        """Raises SettingsError for a value that cannot be used, TypeError for a name that there is not."""
        if unknown := sorted(set(told) - set(NAMES)):
            raise TypeError(f"there is no setting {', '.join(unknown)}")
        values = {name: _read(name, value, "the call") for name, value in told.items()}
        for name in NAMES.keys() - values.keys() - {"home"}:
            if (variable := _set_variable(name)) is not None:
                values[name] = _read(name, os.environ[variable], f"the environment variable {variable}")
        for name, one in NAMES.items():
            default = find_home() if name == "home" and name not in values else one.default
            object.__setattr__(self, name, values.get(name, default))
        vars(self)["_told"] = frozenset(values)

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The same settings but for these values, which are taken as they are."""
        copy = object.__new__(type(self))
        vars(copy).update(vars(self) | dict(update))
        vars(copy)["_told"] = self.model_fields_set | set(update)
        return copy

    @property
    def model_fields_set(self) -> frozenset[str]:
        """The settings that somebody set."""
        told: frozenset[str] = vars(self)["_told"]
        return told

    def unpack_limits(self) -> tuple[int, int]:
        """How many bytes a compressed file may unpack to, and how many times its size."""
        return self.max_log_bytes, self.max_archive_ratio

    @property
    def records_url(self) -> str:
        """SQLAlchemy address of the records database."""
        return self.database_url or f"sqlite:///{self.home / SQLITE_NAME}"

    @property
    def tables_root(self) -> str:
        """Folder or address under which every Delta table has its own folder."""
        return (self.tables_url or str(self.home / "tables")).rstrip("/")

    @property
    def blobs_root(self) -> str:
        """Folder or fsspec address of the content-addressed logs."""
        return (self.blobs_url or str(self.home / "blobs")).rstrip("/")


def there_is_a_store(settings: Settings) -> bool:
    """Whether something was ever brought in, so that a look makes no empty store."""
    if settings.database_url is None:
        return (settings.home / SQLITE_NAME).exists()
    from banana_assets.backends.records.rows import sqlite_file

    path = sqlite_file(settings.database_url)
    return path is None or path.exists()


NAMES: dict[str, Field[Any]] = {one.name: one for one in fields(Settings)}
"""Every setting by its name, in the order in which they are shown."""


@dataclass(frozen=True)
class SettingValue:
    """One setting as ``banana config`` shows it: secrets and passwords in addresses are masked."""

    name: str
    value: Any
    source: str
    variable: str
    meaning: str


def variables(name: str) -> list[str]:
    """The environment variables that a setting listens to, in order."""
    return [f"BANANA_{name.upper()}", *NAMES[name].metadata["also"]]


def _file_values(home: Path) -> dict[str, Any]:
    path = home / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "Mend the file or its permissions.") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}.", "Mend that line.") from error
    # The original program keeps these in a block of their own.
    values |= values.pop("llm_planning", {})
    if unknown := sorted(set(values) - set(NAMES) | {"home"} & set(values)):
        raise SettingsError(
            f"{path} sets what does not exist: {', '.join(unknown)}.", "`banana config` lists the settings there are."
        )
    return values


@cache
def load() -> Settings:
    """The settings of this process, read once. Raises SettingsError for a value that cannot be used."""
    return load_from(find_home())


def load_from(home: Path) -> Settings:
    """The settings with that folder as home."""
    where = str(home / FILE)
    in_file = {n: v for n, v in _file_values(home).items() if _set_variable(n) is None}
    return Settings(home=home, **{name: _read(name, value, where) for name, value in in_file.items()})


def _set_variable(name: str) -> str | None:
    """The environment variable that sets it here, None where none does."""
    return next((variable for variable in variables(name) if variable in os.environ), None)


def _read(name: str, told: Any, where: str) -> Any:
    about = NAMES[name].metadata
    try:
        return about["read"](told)
    except ValueError as error:
        raise SettingsError(
            f"The setting {name} ({about['meaning']}) cannot be {told!r}.",
            f"It should be {error}; it is set in {where}.",
        ) from error


def explain(settings: Settings) -> list[SettingValue]:
    """Every setting with its value and source, secrets masked."""
    in_file = _file_values(settings.home)
    rows = []
    for name, one in NAMES.items():
        names = variables(name)
        told = _set_variable(name)
        if name == "home":
            told = HOME_VARIABLE if os.environ.get(HOME_VARIABLE) else None
        source = f"environment ({told})" if told else FILE if name in in_file else "default"
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "****" if value.get_secret_value() else None
        elif isinstance(value, tuple):
            value = ", ".join(value)
        elif isinstance(value, Path | date):
            value = str(value)
        elif isinstance(value, str):
            value = mask_password(value)
        rows.append(
            SettingValue(name=name, value=value, source=source, variable=names[-1], meaning=one.metadata["meaning"])
        )
    return rows


def mask_password(address: str) -> str:
    """The address with the password of ``user:password@`` replaced by four stars."""
    head, at, tail = address.rpartition("@")
    scheme, slashes, credentials = head.partition("://")
    if not at or not slashes or ":" not in credentials:
        return address
    return f"{scheme}://{credentials.partition(':')[0]}:****@{tail}"
