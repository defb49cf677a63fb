from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from banana_assets.backends.ci.signatures import UnsignedError, check_github
from banana_assets.backends.deliveries import Deliveries
from banana_assets.backends.delivery_reading import delivery_list
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from tests.interfaces.api.conftest import Client

SECRET = "a secret of both"
NOW = datetime.now(UTC)


def github_payload(**job: Any) -> dict[str, Any]:
    told = {
        "id": 77,
        "name": "test (3.12)",
        "workflow_name": "CI",
        "status": "completed",
        "conclusion": "failure",
        "head_branch": "main",
        "head_sha": "abc",
        "created_at": NOW.isoformat(),
        "started_at": NOW.isoformat(),
        "completed_at": (NOW + timedelta(minutes=2)).isoformat(),
        "html_url": "https://ci.example/runs/1/job/77",
    }
    return {"action": "completed", "repository": {"full_name": "me/shop"}, "workflow_job": told | job}


def gitlab_payload(**job: Any) -> dict[str, Any]:
    told = {
        "object_kind": "build",
        "ref": "main",
        "sha": "abc",
        "build_id": 12,
        "build_name": "test",
        "build_status": "failed",
        "build_created_at": NOW.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "build_started_at": NOW.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "build_finished_at": (NOW + timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "project": {"web_url": "https://git.example/me/shop", "path_with_namespace": "me/shop"},
    }
    return told | job


def signed(body: bytes, delivery: str = "d1", event: str = "workflow_job", secret: str = SECRET) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-hub-signature-256": f"sha256={signature}",
        "content-type": "application/json",
    }


def test_the_example_of_the_documentation_holds() -> None:
    told = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    check_github("It's a Secret to Everybody", told, b"Hello, World!")
    with pytest.raises(UnsignedError):
        check_github("It's a Secret to Everybody", told, b"Hello, World?")


def test_a_job_of_github_becomes_a_build_once(client: Client, home: Path) -> None:
    body = json.dumps(github_payload()).encode()
    with client(open_here=False, github_webhook_secret=_secret()) as api:
        first = api.post("/webhooks/github", content=body, headers=signed(body))
        again = api.post("/webhooks/github", content=body, headers=signed(body))
    assert (first.status_code, first.json()["outcome"]) == (202, "kept")
    assert again.json()["outcome"] == "known"
    with open_store(load_from(home)) as store:
        build = store.builds().row(-1, named=True)
        kept = delivery_list(store.records)
    assert (build["build_id"], build["status"], build["pipeline"]) == ("github-77", "failed", "me/shop/CI")
    assert (build["duration_seconds"], build["commit_sha"]) == (120, "abc")
    assert kept.select("state", "attempts", "builds").rows() == [("done", 1, '["github-77"]')]


def test_a_job_runs_on_through_its_events(client: Client, home: Path) -> None:
    with client(github_webhook_secret=_secret()) as api:
        for n, (status, conclusion) in enumerate([("queued", None), ("in_progress", None), ("completed", "success")]):
            payload = github_payload(
                status=status, conclusion=conclusion, **({} if conclusion else {"completed_at": None})
            )
            body = json.dumps(payload).encode()
            assert api.post("/webhooks/github", content=body, headers=signed(body, f"d{n}")).status_code == 202
            stands = api.get("/llm/learning/build/github-77").json()["build"]["status"]
            assert stands == ("queued", "running", "success")[n]


@pytest.mark.parametrize(
    "change",
    [
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha1=abc"},
        {"x-hub-signature-256": "sha256=é".encode()},
    ],
)
def test_what_is_not_signed_is_not_kept(client: Client, home: Path, change: dict[str, Any]) -> None:
    body = json.dumps(github_payload()).encode()
    with client(github_webhook_secret=_secret()) as api:
        assert api.post("/webhooks/github", content=body, headers=signed(body) | change).status_code == 401
        other = signed(body, secret="another")
        assert api.post("/webhooks/github", content=body, headers=other).status_code == 401
        assert api.post("/webhooks/github", content=body + b" ", headers=signed(body)).status_code == 401
    with open_store(load_from(home)) as store:
        assert delivery_list(store.records).is_empty()


def test_an_old_event_is_taken_for_a_replay(client: Client) -> None:
    old = (NOW - timedelta(days=9)).isoformat()
    body = json.dumps(github_payload(completed_at=old, started_at=old, created_at=old)).encode()
    with client(github_webhook_secret=_secret()) as api:
        refused = api.post("/webhooks/github", content=body, headers=signed(body, "another-id"))
    assert refused.status_code == 401
    assert "banana import" in refused.json()["remedy"]


def test_without_a_secret_no_webhook_is_taken(client: Client) -> None:
    with client() as api:
        assert api.post("/webhooks/github", content=b"{}", headers=signed(b"{}")).status_code == 403
        told = {"x-gitlab-event": "Job Hook", "x-gitlab-event-uuid": "u"}
        assert api.post("/webhooks/gitlab", content=b"{}", headers=told).status_code == 403


def test_a_signing_token_of_no_letters_lets_nobody_in(client: Client) -> None:
    at = str(int(time.time()))
    made = hmac.new(b"", f"w1.{at}.".encode() + b"{}", hashlib.sha256).digest()
    told = {
        "x-gitlab-event": "Job Hook",
        "webhook-id": "w1",
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{b64encode(made).decode()}",
    }
    with client(gitlab_webhook_secret=SecretStr("whsec_")) as api:
        assert api.post("/webhooks/gitlab", content=b"{}", headers=told).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"workflow_job": 1}', b'{"repository": {"full_name": "a/b"}}'])
def test_a_payload_that_is_none_is_refused(client: Client, body: bytes) -> None:
    with client(github_webhook_secret=_secret()) as api:
        assert api.post("/webhooks/github", content=body, headers=signed(body)).status_code == 400


def test_other_events_are_kept_and_ignored(client: Client, home: Path) -> None:
    with client(github_webhook_secret=_secret()) as api:
        assert api.post("/webhooks/github", content=b"{}", headers=signed(b"{}", event="ping")).status_code == 202
        body = json.dumps(github_payload(conclusion="skipped")).encode()
        assert api.post("/webhooks/github", content=body, headers=signed(body, "d2")).status_code == 202
    with open_store(load_from(home)) as store:
        assert delivery_list(store.records)["state"].to_list() == ["ignored", "ignored"]


def test_jobs_of_gitlab_by_token_and_by_signature(client: Client, home: Path) -> None:
    body = json.dumps(gitlab_payload()).encode()
    told = {"x-gitlab-event": "Job Hook", "x-gitlab-event-uuid": "u1", "content-type": "application/json"}
    at = str(int(time.time()))
    made = hmac.new(SECRET.encode(), f"w1.{at}.".encode() + body, hashlib.sha256).digest()
    standard = {"webhook-id": "w1", "webhook-timestamp": at, "webhook-signature": f"v1,{b64encode(made).decode()}"}
    with client(gitlab_webhook_secret=_secret()) as api:
        assert api.post("/webhooks/gitlab", content=body, headers=told).status_code == 401
        assert api.post("/webhooks/gitlab", content=body, headers=told | {"x-gitlab-token": SECRET}).status_code == 202
        assert api.post("/webhooks/gitlab", content=body, headers=told | standard).status_code == 202
        key = b"a key of thirty-two random bytes"
        made = hmac.new(key, f"w2.{at}.".encode() + body, hashlib.sha256).digest()
        other = standard | {"webhook-id": "w2", "webhook-signature": f"v1,{b64encode(made).decode()}"}
        assert api.post("/webhooks/gitlab", content=body, headers=told | other).status_code == 401
        late = standard | {"webhook-timestamp": str(int(at) - 600)}
        assert api.post("/webhooks/gitlab", content=body, headers=told | late).status_code == 401
    with open_store(load_from(home)) as store:
        build = store.builds().row(-1, named=True)
    assert (build["build_id"], build["status"], build["pipeline"]) == ("gitlab-git.example-12", "failed", "me/shop")
    assert build["duration_seconds"] == 60


@pytest.mark.parametrize("secret", ["{}", "whsec_{}"])
def test_signing_tokens_in_base64(client: Client, secret: str) -> None:
    key, at = b"a key of thirty-two random bytes", str(int(time.time()))
    body = json.dumps(gitlab_payload()).encode()
    made = hmac.new(key, f"w1.{at}.".encode() + body, hashlib.sha256).digest()
    told = {
        "x-gitlab-event": "Job Hook",
        "webhook-id": "w1",
        "webhook-timestamp": at,
        "webhook-signature": f"v2,unknown v1,{b64encode(made).decode()}",
    }
    token = SecretStr(secret.format(b64encode(key).decode()))
    with client(gitlab_webhook_secret=token) as api:
        assert api.post("/webhooks/gitlab", content=body, headers=told).status_code == 202


def test_what_was_kept_when_the_server_ended_is_taken_in_at_the_next_start(client: Client, home: Path) -> None:
    with open_store(load_from(home)) as store:
        Deliveries(store).keep("github", "d9", "workflow_job", json.dumps(github_payload()).encode())
    with client() as api:
        assert api.get("/llm/learning/build/github-77").status_code == 200


def _secret() -> Any:
    return SecretStr(SECRET)
