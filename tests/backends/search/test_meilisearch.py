"""Against a test double of Meilisearch over HTTP, and against a real one where MEILI_URL names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from banana_assets.backends.search import open_search
from banana_assets.backends.search.meilisearch import Meilisearch, MeilisearchError
from banana_assets.backends.settings import Settings
from banana_assets.core.search.types import Filters
from tests.backends.search.meilisearch_double import ApiError, Double, served
from tests.core.search.samples import AT, document, documents

KEY = "a master key of sixteen bytes"
ALL = {d.document_id: d for d in documents()}


@pytest.fixture
def double() -> Double:
    return Double(master_key=KEY)


@pytest.fixture
def url(double: Double) -> Iterator[str]:
    with served(double) as address:
        yield address


@pytest.fixture(params=["test double", "live"])
def index(request: pytest.FixtureRequest) -> Iterator[Meilisearch]:
    """The same suite on both; a real server is never in CI, so its absence is no failure there."""
    if request.param == "live":
        live = os.environ.get("MEILI_URL")
        if not live:
            pytest.skip("MEILI_URL names no Meilisearch")
        key = os.environ.get("MEILI_MASTER_KEY")
        made = Meilisearch(live, SecretStr(key) if key else None)
    else:
        made = Meilisearch(request.getfixturevalue("url"), SecretStr(KEY), task_seconds=5)
    made.clear()
    yield made
    made.clear()
    made.close()


def test_documents_are_found_after_an_update(index: Meilisearch) -> None:
    index.update(ALL)
    assert index.hashes() == {name: d.content_hash for name, d in ALL.items()}
    found = index.find("no space left on device", Filters(), 5)
    assert found[0][0] == "failure-disk"
    assert 0 < found[0][1] <= 1


def test_only_what_changed_is_sent_and_what_went_is_removed(index: Meilisearch) -> None:
    index.update(ALL)
    fewer = {n: d for n, d in ALL.items() if n != "plan-plan"}
    fewer["failure-disk"] = document("disk", helped="a bigger disk")
    index.update(fewer)
    assert index.hashes() == {name: d.content_hash for name, d in fewer.items()}


@pytest.mark.parametrize(
    "filters",
    [
        Filters(kinds=("failure", "plan")),
        Filters(severity="high"),
        Filters(source="api/test"),
        Filters(since=AT - timedelta(hours=3)),
        Filters(until=AT - timedelta(days=5)),
    ],
)
def test_filters(index: Meilisearch, filters: Filters) -> None:
    index.update(ALL)
    found = {name for d in documents() for name, _ in index.find(d.title, filters, 20)}
    assert found == {d.document_id for d in documents() if filters.passes(d)}


def test_without_an_index_nothing_is_found(index: Meilisearch) -> None:
    assert index.find("disk", Filters(), 5) == []
    assert index.hashes() == {}
    assert index.find("???", Filters(), 5) == []


def test_a_wrong_or_missing_key_is_said(url: str) -> None:
    for key, code in ((None, "missing_authorization_header"), (SecretStr("wrong"), "invalid_api_key")):
        client = Meilisearch(url, key)
        with pytest.raises(MeilisearchError, match=code) as error:
            client.update(ALL)
        assert "BANANA_MEILISEARCH_KEY" in error.value.remedy
        client.close()


def test_a_failed_task_raises(url: str, double: Double) -> None:
    client = Meilisearch(url, SecretStr(KEY))
    client.update({})
    double.fail_next = ApiError(507, "no_space_left_on_device", "No space left on device.", "system")
    with pytest.raises(MeilisearchError, match="No space left on device"):
        client.update(ALL)
    client.update(ALL)
    assert len(client.hashes()) == len(ALL)
    client.close()


def test_a_task_that_is_never_done_ends_at_its_deadline(url: str, double: Double) -> None:
    double.stuck = True
    client = Meilisearch(url, SecretStr(KEY), task_seconds=0.2)
    with pytest.raises(MeilisearchError, match=r"did not finish task 0 in 0\.2 s"):
        client.update(ALL)
    client.close()


def test_updates_of_the_same_send_nothing(url: str, double: Double) -> None:
    client = Meilisearch(url, SecretStr(KEY))
    client.update(ALL)
    double.requests.clear()
    client.update(ALL)
    assert double.requests == ["POST /indexes/planning_index/documents/fetch"]
    client.close()


def test_what_does_not_answer_or_is_something_else_is_said(url: str) -> None:
    gone = Meilisearch("http://127.0.0.1:9", None)
    with pytest.raises(MeilisearchError, match="does not answer"):
        gone.hashes()
    gone.close()


def test_search_goes_on_in_sqlite_when_the_server_is_gone(settings: Settings) -> None:
    told = settings.model_copy(update={"meilisearch_url": "http://127.0.0.1:9"})
    with open_search(told, meaning=False) as search:
        search.update(documents())
        assert search.text("no space left")[0].document.key == "disk"
        assert "does not answer" in search.notes[0]


def test_search_asks_the_server_for_words(settings: Settings, url: str, double: Double) -> None:
    told = settings.model_copy(update={"meilisearch_url": url, "meilisearch_key": SecretStr(KEY)})
    with open_search(told, meaning=False) as search:
        search.update(documents())
        assert search.text("no space left")[0].document == document("disk")
        assert search.notes == []
        search.rebuild(documents()[:3])
    assert "POST /indexes/planning_index/search" in double.requests
    assert len(double.indexes["planning_index"]["documents"]) == 3
