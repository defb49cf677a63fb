from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.learning.wire import TAIL_BYTES
from tests.interfaces.api.conftest import BUILDS_TOLD, SECRET, Client

BUILDS = "/llm/learning/builds"
BUILD = "/llm/learning/build"
REPORT = "/llm/learning/report"
CODEBASE = "/llm/learning/codebase"
A_REPORT = {"build_id": "shop-2", "type": "failure_analysis", "analysis": "A semicolon is missing.", "confidence": 0.8}


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_the_newest_builds_come_first_and_logs_are_bounded(client: Client, prefix: str) -> None:
    with client() as api:
        body = api.get(prefix + BUILDS).json()
    assert body["status"] == "ok"
    assert [b["id"] for b in body["builds"]] == [name for name, _, _ in reversed(BUILDS_TOLD)]
    assert (body["total"], body["skip"], body["limit"], body["count"], body["next"]) == (5, 0, 20, 5, None)
    long = body["builds"][1]
    assert len(long["log"].encode()) <= TAIL_BYTES
    assert long["log"].endswith("line of a long log\ndone")
    assert long["log_truncated"]
    assert long["log_first_line"] + long["log"].count("\n") == long["log_lines"] == 5_001
    assert body["builds"][0]["log"] == ""


def test_a_failed_build_is_explained(client: Client) -> None:
    with client() as api:
        first = api.get(BUILDS, params={"status": "failed", "skip": 1}).json()["builds"][0]
        whole = api.get(f"{BUILD}/shop-2").json()
    assert first["diagnosis"]["category"] == "compile_error"
    assert first["cluster"]["nth"] == 1
    assert whole["analysis_ready"]
    assert whole["build"]["log"].split("\n") == BUILDS_TOLD[1][2].rstrip("\n").split("\n")
    assert whole["build"]["log_summary"] == {
        "total_lines": 3,
        "error_count": 1,
        "warning_count": 0,
        "errors": ["cart.c:2:33: error: expected ';'"],
        "warnings": [],
    }
    assert "2: cart.c:2:33" in whole["build"]["pack"]


def test_words_in_green_logs_are_no_errors_and_other_words_are(client: Client) -> None:
    with client() as api:
        green = api.get(f"{BUILD}/shop-1").json()["build"]["log_summary"]
        red = api.get(f"{BUILD}/shop-3").json()["build"]["log_summary"]
    assert green["error_count"] == 0
    assert red["errors"][0] == "sh: 1: jest: not found"


def test_secrets_stay_here(client: Client) -> None:
    with client() as api:
        for where in (BUILDS, f"{BUILD}/shop-3", f"/api{BUILD}/shop-3"):
            assert SECRET not in api.get(where).text
        assert "GITHUB_TOKEN=[masked" in api.get(f"{BUILD}/shop-3").json()["build"]["log"]


def test_no_secret_leaves_that_was_told_of_a_build(client: Client, tmp_path: Path) -> None:
    root = tmp_path / "code"
    root.mkdir()

    def git(*words: str) -> str:
        names = ("-c", "user.email=a@example.com", "-c", "user.name=A")
        return subprocess.run(["git", *names, *words], cwd=root, check=True, capture_output=True, text=True).stdout

    commits = []
    for text in ("def total(): return 1\n", f'def total(key="{SECRET}"): return 2\n'):
        (root / "cart.py").write_text(text)
        git("init", "-q")
        git("add", "-A")
        git("commit", "-qm", text)
        commits.append(git("rev-parse", "HEAD").strip())
    sarif = {"tool": {"driver": {"name": "r"}}, "results": [{"level": "error", "message": {"text": f"m {SECRET}"}}]}
    suite = (
        f'<testsuite name="{SECRET}"><testcase name="t {SECRET}"><failure message="{SECRET}"/></testcase></testsuite>'
    )
    said = {"type": "a", "analysis": SECRET, "recommendations": [SECRET], "findings": {"k": SECRET}}
    with client(code_root=root) as api:
        for name, commit, code in (("good", commits[0], 0), ("bad", commits[1], 1)):
            facts = {"pipeline": "p", "job": f"j {SECRET}", "commit": commit, "exit_code": code}
            told = {"command": f"deploy --token {SECRET}", "url": f"https://me:{SECRET}@ci.example.com/1"}
            sent = [api.put(f"/builds/{name}", json=facts | told)]
            sent.append(api.put(f"/builds/{name}/log", content=f"x\ncart.py:1:1: error: bad {SECRET}\n"))
        sent.append(api.put("/builds/bad/junit", content=suite))
        sent.append(api.put("/builds/bad/sarif", json={"version": "2.1.0", "runs": [sarif]}))
        sent.append(api.post(REPORT, json=said | {"build_id": "bad", "model_version": SECRET}))
        assert [answer.status_code for answer in sent] == [200] * len(sent)
        paths = [f"{prefix}{path}" for prefix in ("", "/api") for path in (BUILDS, f"{BUILD}/bad", CODEBASE)]
        paths += ["/api/learned", "/api/unreported", "/api/codebase/outline?path=cart.py", "/api/builds/bad/changes"]
        leaking = [path for path in paths if SECRET in api.get(path).raise_for_status().text]
    assert not leaking


def test_the_second_published_form_has_its_own_names(client: Client) -> None:
    suite = '<testsuite name="s"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>'
    with client(ollama_url="http://localhost:11434", ollama_model="small") as api:
        api.put("/builds/shop-2", json={"command": "make", "commit": "3f1c9a0"}).raise_for_status()
        api.put("/builds/shop-2/junit", content=suite).raise_for_status()
        api.post(REPORT, json=A_REPORT).raise_for_status()
        page = api.get(f"/api{BUILDS}").json()
        one = next(build for build in page["builds"] if build["id"] == "shop-2")
        whole = api.get(f"/api{BUILD}/shop-2").json()
        code = api.get(f"/api{CODEBASE}").json()
        first = api.get(BUILDS).json()
    counts = {"total": 2, "passed": 1, "failed": 1, "error": 0, "skipped": 0, "flaky": 0}
    assert (one["spec"], one["code"], one["test_results"]) == ("make", "3f1c9a0", counts)
    assert one["errors"] == ["cart.c:2:33: error: expected ';'"]
    assert page["metadata"] == {"total_analyzed": 2, "learning_reports": 1, "model_accuracy": None}
    assert page["count"] == len(page["builds"])
    build = whole["build"]
    assert (build["specification"], build["generated_code"], build["test_results"]) == ("make", "3f1c9a0", counts)
    assert build["error_logs"] == build["log_summary"]["errors"]
    assert [report["analysis"] for report in build["llm_reports"]] == [A_REPORT["analysis"]]
    assert whole["analysis_ready"]
    assert set(code) == {"status", "codebase", "structure", "entry_points", "key_files", "dependencies", "models"}
    assert code["models"] == {"available": ["ollama/small"], "active": "ollama/small"}
    # What the first form serves stays as it was published.
    assert not {"spec", "code", "test_results", "errors"} & set(first["builds"][0])
    assert "metadata" not in first


def test_an_answer_is_not_sent_twice(client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def a() -> int:\n    return 1\n")
    paths = [f"{prefix}{path}" for prefix in ("", "/api") for path in (BUILDS, f"{BUILD}/shop-2", CODEBASE)]
    paths += ["/api/llm/learning/metrics", "/api/learned", "/api/unreported", "/api/builds/shop-2/changes"]
    paths += ["/api/codebase/outline?path=a.py", "/api/patterns", "/openapi.json"]
    with client(code_root=tmp_path) as api:
        for path in paths:
            first = api.get(path)
            assert (first.status_code, first.headers["etag"][:3]) == (200, 'W/"'), path
            for told in (first.headers["etag"], f'"x", {first.headers["etag"]}', "*"):
                again = api.get(path, headers={"if-none-match": told})
                assert (again.status_code, again.content) == (304, b""), path
            assert api.get(path, headers={"if-none-match": 'W/"x"'}).content == first.content, path


def test_ids_may_hold_anything(client: Client) -> None:
    with client() as api:
        assert api.get(f"{BUILD}/{quote('shop/4 ü')}").json()["build"]["status"] == "success"
        assert api.get(f"{BUILD}/{quote('shop/4 ü', safe='')}").json()["build"]["status"] == "success"
        unknown = api.get(f"{BUILD}/../../etc/passwd")
    assert unknown.status_code == 404


def test_pages_follow_each_other_by_cursor(client: Client) -> None:
    with client() as api:
        seen, answer = [], api.get(BUILDS, params={"limit": 2})
        while True:
            seen += [b["id"] for b in answer.json()["builds"]]
            if not answer.json()["next"]:
                break
            following = answer.links["next"]["url"]
            assert answer.json()["next"] in following
            answer = api.get(following)
        assert api.get(BUILDS, params={"cursor": "bad"}).status_code == 404
        assert api.get(BUILDS, params={"limit": 0}).json()["builds"] == []
        assert api.get(BUILDS, params={"limit": 10**9}).json()["limit"] == 200
        for wrong in ({"limit": -1}, {"limit": "abc"}, {"skip": -1}, {"status": "green"}):
            assert api.get(BUILDS, params=wrong).status_code == 422
    assert seen == [name for name, _, _ in reversed(BUILDS_TOLD)]


def test_what_the_caller_has_is_not_sent_again_until_it_changes(client: Client) -> None:
    with client() as api:
        tag = api.get(BUILDS).headers["etag"]
        again = api.get(BUILDS, headers={"if-none-match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert api.post(REPORT, json=A_REPORT).status_code == 200
        changed = api.get(BUILDS, headers={"if-none-match": tag})
        assert changed.status_code == 200
        reported = next(b for b in changed.json()["builds"] if b["id"] == "shop-2")["llm_reports"]
    assert [r["analysis"] for r in reported] == [A_REPORT["analysis"]]


def test_a_report_is_kept_once_with_its_time(client: Client, home: Path) -> None:
    keyed = {"Idempotency-Key": "run-1"}
    with client() as api:
        first = api.post(REPORT, json=A_REPORT, headers=keyed).json()
        assert api.post(REPORT, json=A_REPORT, headers=keyed).json() == first | {"insights_updated": False}
        assert api.post(REPORT, json=A_REPORT | {"confidence": 0.1}, headers=keyed).status_code == 409
        second = api.post(REPORT, json=A_REPORT | {"recommendations": "one text"}).json()
        told = api.get(f"{BUILD}/shop-2").json()["build"]["llm_reports"]
    assert first == {"status": "ok", "message": "report stored", "report_id": 0, "insights_updated": True}
    assert second["report_id"] == 1
    assert [r["recommendations"] for r in told] == [[], ["one text"]]
    assert all(r["timestamp"].endswith("+00:00") and r["verified"] is False for r in told)
    assert told[0]["cluster_id"]


def test_the_second_published_form_is_taken(client: Client) -> None:
    body = {
        "build_id": "shop-2",
        "analysis_type": "code_quality",
        "findings": {"summary": "Compile in CI first."},
        "recommendations": ["a"],
        "confidence": 0.6,
        "model_version": "m1",
    }
    with client() as api:
        assert api.post("/api" + REPORT, json=body).json()["report_id"] == 0
        kept = api.get(f"{BUILD}/shop-2").json()["build"]["llm_reports"][0]
    assert (kept["type"], kept["analysis"], kept["model_version"]) == ("code_quality", "Compile in CI first.", "m1")


def test_numbers_of_any_size_are_kept(client: Client) -> None:
    with client() as api:
        for findings in ({"a": [2**80]}, {"a": -(2**70), "b": 1.5}):
            assert api.post(REPORT, json=A_REPORT | {"findings": findings}).status_code == 200
        told = api.get(f"{BUILD}/shop-2").json()["build"]["llm_reports"]
    assert [r["findings"]["a"] for r in told] == [[float(2**80)], -float(2**70)]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"build_id": 7}, 422, "build_id"),
        ({"build_id": "nope"}, 404, "build not found"),
        ({"type": ""}, 422, "type"),
        ({"analysis": ""}, 400, "analysis"),
        ({"confidence": 99}, 422, "confidence"),
        ({"recommendations": [1]}, 422, "recommendations"),
        ({"recommendations": ["x" * 3_000]}, 422, "recommendations"),
        ({"findings": {"a": "x" * 60_000}}, 400, "findings"),
    ],
)
def test_a_report_that_cannot_be_kept_says_why(
    client: Client, change: dict[str, object], status: int, said: str
) -> None:
    with client() as api:
        answer = api.post(REPORT, json=A_REPORT | change)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert said in answer.json()["message"]


def test_many_reports_at_once_are_all_kept_with_numbers_of_their_own(client: Client, home: Path) -> None:
    def send(n: int) -> int:
        return int(api.post(REPORT, json=A_REPORT | {"analysis": f"{n % 20}"}).json()["report_id"])

    with client() as api, ThreadPoolExecutor(8) as pool:
        places = list(pool.map(send, range(40)))
    assert sorted(set(places)) == list(range(20))
    with open_store(load_from(home)) as store:
        from banana_assets.backends.reports import Reports

        assert len(Reports(store.engine).of(["shop-2"])["shop-2"]) == 20
