from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.interfaces.api.conftest import SECRET, Client

CODE = "/llm/learning/codebase"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "backend").mkdir(parents=True)
    (folder / "backend" / "app.py").write_text("class Cart:\n    def total(self) -> int:\n        return 1\n")
    (folder / "backend" / "test_app.py").write_text("def test_total():\n    pass\n")
    (folder / "pyproject.toml").write_text(f'[project]\nname = "shop"\n# GITHUB_TOKEN={SECRET}\n')
    (folder / ".env").write_text(f"GITHUB_TOKEN={SECRET}\n")
    (folder / "ignored.txt").write_text("x")
    (folder / ".gitignore").write_text("ignored.txt\n")
    (folder / "outside").symlink_to("/etc")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return folder


def test_the_code_base_has_the_published_shape(client: Client, root: Path) -> None:
    with client(code_root=root) as api:
        body = api.get(CODE).json()
        second = api.get("/api" + CODE).json()
        text = api.get(CODE).text
    found = body["codebase"]
    assert body["status"] == "ok"
    assert found["structure_summary"] == {"has_backend": True, "has_frontend": False, "has_tests": True}
    assert {f["name"] for f in found["backend_files"]} >= {"app.py"}
    assert "pyproject.toml" in found["key_config_files"]
    assert SECRET not in text
    assert "ignored.txt" not in text
    assert "passwd" not in text
    assert str(root) not in text
    assert second["codebase"] == found
    assert {"structure", "entry_points", "key_files", "dependencies"} <= set(second)


def test_it_is_not_sent_again_until_it_changes_and_the_root_only_to_administrators(client: Client, root: Path) -> None:
    with client(code_root=root) as api:
        tag = api.get(CODE).headers["etag"]
        assert api.get(CODE, headers={"if-none-match": tag}).status_code == 304
        assert api.get(CODE, params={"show_root": "true"}).json()["codebase"]["workspace_root"] == str(root)


def test_outlines_and_what_leads_outside(client: Client, root: Path) -> None:
    with client(code_root=root) as api:
        outline = api.get("/api/codebase/outline", params={"path": "backend/app.py"}).json()["outline"]
        assert "Cart" in str(outline)
        for path in ("../../etc/passwd", "/etc/passwd", "outside/passwd", ".env", "backend/../../x", "nothing.py"):
            assert api.get("/api/codebase/outline", params={"path": path}).status_code in (400, 404)


def test_what_changed_before_a_build_failed(client: Client, root: Path) -> None:
    with client(code_root=root) as api:
        answer = api.get("/api/builds/shop-2/changes").json()
        assert (answer["last_green_build"], answer["changes"]["known"]) == ("shop-1", False)
        assert answer["changes"]["why"]
        assert api.get("/api/builds/nothing/changes").status_code == 404


def test_what_differs_between_two_builds(client: Client, root: Path) -> None:
    address = "/api/builds/shop-2/comparison"
    with client(code_root=root) as api:
        answer = api.get(address).json()
        assert (answer["base"]["build_id"], answer["head"]["build_id"]) == ("shop-1", "shop-2")
        assert answer["head"]["category"]
        assert "expected ';'" in str(answer["new_lines"])
        assert "all good" in str(answer["missing_lines"])
        assert not answer["changes"]["known"]
        other = api.get("/api/builds/shop-3/comparison", params={"against": "shop-2"})
        assert other.json()["base"]["build_id"] == "shop-2"
        assert "GITHUB_TOKEN" in other.text
        assert SECRET not in other.text
        assert api.get(address, params={"against": "shop-2"}).status_code == 409
        assert api.get(address, params={"against": "nothing"}).status_code == 404
        assert api.get("/api/builds/shop-/comparison").status_code == 404
        none_green = api.get("/api/builds/shop-1/comparison")
        assert (none_green.status_code, "was green before" in none_green.json()["detail"]) == (404, True)


def test_figures_for_prometheus(client: Client) -> None:
    with client() as api:
        api.get("/llm/learning/build/nothing")
        text = api.get("/metrics").text
    assert 'banana_builds{status="failed"} 2.0' in text
    assert 'banana_requests_total{method="GET",operation="build",status="404"} 1.0' in text
    assert 'banana_failures{category="compile_error"} 1.0' in text


def test_what_agents_contributed_is_counted(client: Client) -> None:
    with client() as api:
        api.post("/llm/learning/report", json={"build_id": "shop-2", "type": "a", "analysis": "b", "confidence": 0.8})
        found = api.get("/api/llm/learning/metrics").json()
    assert found == {
        "status": "ok",
        "builds_analyzed": 2,
        "learning_reports_submitted": 1,
        "model_accuracy": None,
        "avg_confidence": 0.8,
        "patterns_learned": 2,
        "recommendations_implemented": 0,
        "model_improvements": [],
    }


def test_search_says_what_is_missing_and_finds_by_words(client: Client, home: Path) -> None:
    from banana_assets.backends.search import open_search
    from banana_assets.backends.settings import load_from
    from banana_assets.core.search.types import Document

    with client() as api:
        missing = api.get("/api/search", params={"q": "semicolon"})
        assert (missing.status_code, "banana materialize" in missing.json()["remedy"]) == (409, True)
        with open_search(load_from(home), meaning=False) as search:
            search.update([Document("failure-1", "failure", "1", "a semicolon is missing", "expected ;", "semicolon")])
        found = api.get("/api/search", params={"q": "semicolon", "how": "words"}).json()
        assert [hit["key"] for hit in found["items"]] == ["1"]
        assert api.get("/api/search", params={"q": "x", "kind": "other"}).status_code == 422
