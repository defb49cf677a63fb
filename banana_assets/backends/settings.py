"""Settings: one value, one name, and where it came from.

Sources, the first that has a value wins: an environment variable, ``config.toml`` in the home folder, the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from banana_assets.core.errors import SettingsError

HOME_VARIABLE = "BANANA_HOME"
LOCAL_HOME = ".banana"
SQLITE_NAME = "banana.sqlite"


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


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


ActionKinds = Annotated[
    tuple[Literal["ingest", "materialize", "backfill", "compact"], ...], NoDecode, BeforeValidator(_words)
]
OptionalUrl = Annotated[str | None, BeforeValidator(_empty_is_none)]


class Settings(BaseSettings):
    """All settings of Banana. Variables carry the prefix ``BANANA_``; the names of other programs work as they are."""

    model_config = SettingsConfigDict(env_prefix="BANANA_", extra="ignore", frozen=True, populate_by_name=True)

    home: Path = Field(default_factory=find_home, description="folder of all data")
    database_url: OptionalUrl = Field(None, description="records database; SQLite in the home folder unless told")
    tables_url: OptionalUrl = Field(
        None, description="folder or object store of the tables; in the home folder unless told"
    )
    blobs_url: OptionalUrl = Field(
        None, description="folder or object store of the logs; in the home folder unless told"
    )
    partitions_start: date | None = Field(None, description="first daily partition; the first arrival unless told")
    watch_folder: Path | None = Field(None, description="folder whose new files are ingested by the sensor")
    max_log_bytes: int = Field(4 << 30, gt=0, description="largest log taken in, uncompressed (bytes)")
    max_archive_ratio: int = Field(1000, gt=0, description="largest ratio of unpacked to packed size believed")
    evidence_budget_tokens: int = Field(2000, ge=200, description="size of an evidence pack (tokens, characters / 4)")
    executor: Literal["in_process", "multiprocess"] = Field("in_process", description="how the steps of a run are run")
    failure_webhook: OptionalUrl = Field(None, description="address that hears of failed runs (JSON by POST)")
    plan_batch: int = Field(100, ge=1, le=1000, description="failed builds that one run plans")
    plan_runs: int = Field(1, ge=1, description="such runs that the sensor keeps going at once")
    approved_actions: ActionKinds = Field(
        (), description="actions of plans launched without a person's approval: ingest, materialize, backfill, compact"
    )

    server_secret: SecretStr | None = Field(
        None, description="secret under which keys are stored; a file in the home folder unless told"
    )
    allowed_origins: str = Field(
        "", description="front ends that may call the HTTP interface (origins, commas between)"
    )
    allowed_hosts: str = Field(
        "", description="names by which the HTTP interface may be called (commas between); this machine's own always"
    )
    request_limit_per_minute: int = Field(6000, ge=1, description="requests of one key in a minute")
    max_request_bytes: int = Field(256 << 20, gt=0, description="largest body of a request (bytes)")
    session_id_is_key: bool = Field(
        False, description="take a key from ?session_id=, as the original's clients send it; it ends up in logs"
    )
    github_url: str = Field(
        "https://api.github.com", description="GitHub's interface (an enterprise server has its own)"
    )
    github_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("BANANA_GITHUB_TOKEN", "GITHUB_TOKEN"), description="token for GitHub"
    )
    github_webhook_secret: SecretStr | None = Field(None, description="secret of GitHub's webhooks")
    gitlab_url: str = Field("https://gitlab.com/api/v4", description="GitLab's interface")
    gitlab_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("BANANA_GITLAB_TOKEN", "GITLAB_TOKEN"), description="token for GitLab"
    )
    gitlab_webhook_secret: SecretStr | None = Field(
        None, description="secret token or signing token of GitLab's webhooks"
    )
    log_hosts: str = Field(
        ".actions.githubusercontent.com,.blob.core.windows.net",
        description="hosts to which a CI service may send us on for a log (commas between; a dot begins a domain)",
    )
    webhook_window_hours: int = Field(72, gt=0, description="age from which a webhook is taken for a replay")
    dagster_url: OptionalUrl = Field(
        None, pattern=r"^https?://", description="address of the Dagster UI, for a link in the dashboard"
    )
    code_root: Path | None = Field(
        None, description="code base that coding agents may read; the current folder unless told"
    )

    language_models: bool = Field(True, description="ask the language models that are set up; without, plans need none")
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("BANANA_OPENAI_API_KEY", "OPENAI_API_KEY"),
        description="key for OpenAI, or for what openai_base_url names; sets that model up",
    )
    openai_base_url: OptionalUrl = Field(
        None,
        validation_alias=AliasChoices("BANANA_OPENAI_BASE_URL", "OPENAI_BASE_URL"),
        description="server that speaks OpenAI's protocol; OpenAI itself unless told",
    )
    openai_model: str = Field("gpt-4", description="model asked at OpenAI")
    openai_input_price: float | None = Field(
        None, ge=0, description="US dollars for a million tokens of question; the price list's unless told"
    )
    openai_output_price: float | None = Field(
        None, ge=0, description="US dollars for a million tokens of answer; the price list's unless told"
    )
    ollama_url: str = Field(
        "http://localhost:11434",
        validation_alias=AliasChoices("BANANA_OLLAMA_URL", "OLLAMA_URL"),
        description="Ollama; asked where this or ollama_model is set",
    )
    ollama_model: str = Field(
        "qwen3:8b", validation_alias=AliasChoices("BANANA_OLLAMA_MODEL", "OLLAMA_MODEL"), description="model at Ollama"
    )
    ollama_fast_model: str = Field(
        "qwen3:8b",
        validation_alias=AliasChoices("BANANA_OLLAMA_FAST_MODEL", "OLLAMA_FAST_MODEL"),
        description="model at Ollama for small questions; ollama_model unless told",
    )
    llm_deadline_seconds: float = Field(60, gt=0, description="longest time for one question, all tries together (s)")
    llm_call_dollars: float = Field(1, ge=0, description="most that one call may cost (US dollars)")
    llm_run_dollars: float = Field(2, ge=0, description="most that one run may cost (US dollars)")
    llm_day_dollars: float = Field(5, ge=0, description="most that a UTC day may cost (US dollars)")
    llm_call_tokens: int = Field(32_000, ge=0, description="most tokens of one call, question and answer")
    llm_run_tokens: int = Field(1_000_000, ge=0, description="most tokens of one run")
    llm_day_tokens: int = Field(5_000_000, ge=0, description="most tokens of a UTC day")
    chroma_url: OptionalUrl = Field(
        None,
        validation_alias=AliasChoices("BANANA_CHROMA_URL", "CHROMA_URL"),
        description="Chroma; embedded unless told",
    )
    meilisearch_url: OptionalUrl = Field(
        None,
        validation_alias=AliasChoices("BANANA_MEILISEARCH_URL", "MEILISEARCH_URL"),
        description="Meilisearch; SQLite's own search unless told",
    )
    meilisearch_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("BANANA_MEILISEARCH_KEY", "MEILISEARCH_KEY", "MEILI_MASTER_KEY"),
        description="key for Meilisearch",
    )

    log_analysis_window_hours: int = Field(24, gt=0, description="hours of logs looked at by default")
    pattern_detection_threshold: int = Field(3, ge=1, description="events from which a pattern counts as recurring")
    optimization_score_threshold: float = Field(
        0.7, ge=0, le=1, description="score from which a plan becomes a template, and a model's plan is taken"
    )
    resource_efficiency_threshold: float = Field(
        0.6, ge=0, le=1, description="least efficiency of a plan that becomes a template"
    )
    max_plan_templates: int = Field(100, ge=1, description="templates kept")
    max_recommendations: int = Field(50, ge=1, description="recommendations kept open")
    system_health_check_interval_hours: int = Field(1, ge=1, description="hours between health checks")
    auto_generate_templates: bool = Field(True, description="make templates of plans that worked")
    enable_advanced_models: bool = Field(True, description="allow models that cost money")
    default_model: str = Field(
        "qwen3:8b", description="model asked unless told: a name, PROVIDER or PROVIDER/NAME; what is set up unless told"
    )
    fallback_model: str = Field("ollama", description="model, or provider, asked when the first one fails")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values, then the environment; ``load`` brings the file."""
        return init_settings, env_settings

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


class SettingValue(BaseModel):
    """One setting as ``banana config`` shows it: secrets and passwords in addresses are masked."""

    name: str
    value: Any
    source: str
    variable: str
    meaning: str


def variables(name: str) -> list[str]:
    """The environment variables that a setting listens to, in order."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"BANANA_{name.upper()}"]


def _file_values(home: Path) -> dict[str, Any]:
    path = home / "config.toml"
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
    if unknown := sorted(set(values) - set(Settings.model_fields) | {"home"} & set(values)):
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
    values = {
        name: value
        for name, value in _file_values(home).items()
        if not any(variable in os.environ for variable in variables(name))
    }
    try:
        return Settings(home=home, **values)
    except ValidationError as error:
        first = error.errors()[0]
        name = _setting_of(str(first["loc"][0]))
        told = next((v for v in variables(name) if v in os.environ), None)
        where = f"the environment variable {told}" if told else str(home / "config.toml")
        raise SettingsError(
            f"The setting {name} ({Settings.model_fields[name].description}) cannot be {first['input']!r}.",
            f"It should be {_expected(first)}; it is set in {where}.",
        ) from error


_EXPECTED = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "date_from_datetime_parsing": "a day such as 2026-11-22",
    "date_parsing": "a day such as 2026-11-22",
}


def _expected(error: ErrorDetails) -> str:
    if error["type"] == "literal_error":
        return str(error["ctx"]["expected"])
    return _EXPECTED.get(error["type"], error["msg"].removeprefix("Input should be "))


def _setting_of(location: str) -> str:
    """The setting that a variable's name or the setting's own name stands for."""
    if location in Settings.model_fields:
        return location
    return next(name for name in Settings.model_fields if location in variables(name))


def explain(settings: Settings) -> list[SettingValue]:
    """Every setting with its value and source, secrets masked."""
    in_file = _file_values(settings.home)
    rows = []
    for name, info in Settings.model_fields.items():
        names = variables(name)
        told = next((v for v in names if v in os.environ), None)
        if name == "home":
            told = HOME_VARIABLE if os.environ.get(HOME_VARIABLE) else None
        source = f"environment ({told})" if told else "config.toml" if name in in_file else "default"
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
            SettingValue(name=name, value=value, source=source, variable=names[-1], meaning=info.description or "")
        )
    return rows


def mask_password(address: str) -> str:
    """The address with the password of ``user:password@`` replaced by four stars."""
    head, at, tail = address.rpartition("@")
    scheme, slashes, credentials = head.partition("://")
    if not at or not slashes or ":" not in credentials:
        return address
    return f"{scheme}://{credentials.partition(':')[0]}:****@{tail}"
