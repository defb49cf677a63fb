from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.backends.ingest.naming import archive_name, job_names, numbered, source_name, without_run
from banana_assets.backends.ingest.paths import is_log_name


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/var/log/syslog", "syslog"),
        ("/var/log/syslog.1", "syslog"),
        ("/var/log/syslog.2.gz", "syslog"),
        ("/var/log/auth.log.3.gz", "auth"),
        ("/var/log/messages-20240512", "messages"),
        ("/var/log/messages-20240512.gz", "messages"),
        ("/var/log/shop.log.2024-05-12", "shop"),
        ("/var/log/shop.2024-05-12.log.zst", "shop"),
        ("/var/log/shop-2024-05-12T10-30-00.log", "shop"),
        ("/var/log/2024-05-12-shop.log", "shop"),
        ("/var/log/shop.log.old", "shop"),
        ("/var/log/nginx/access.log.1", "nginx/access"),
        ("/var/log/nginx/error.log", "nginx/error"),
        ("/var/log/access.log", "access"),
        ("/var/log/pods/payment/0.log", "payment"),
        ("/srv/api-gateway.jsonl", "api-gateway"),
        ("python3.11.log", "python3.11"),
        ("worker-1.log", "worker-1"),
        ("x.log", "x"),
    ],
)
def test_the_source_is_what_stays_of_a_path(path: str, source: str) -> None:
    assert source_name(PurePosixPath(path)) == source


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/ci/shop/unit-tests-12.log", ("shop", "unit-tests")),
        ("/ci/shop/unit-tests_2024-05-12.log.gz", ("shop", "unit-tests")),
        ("/ci/shop/12_build.txt", ("shop", "build")),
        ("/ci/shop/lint.log", ("shop", "lint")),
        ("/ci/shop/lint #12.log", ("shop", "lint")),
        ("/ci/shop/lint-4f2a9c1d.log", ("shop", "lint")),
        ("/ci/shop/py3.11.log", ("shop", "py3.11")),
        ("/ci/shop/456148330.log.gz", ("shop", "shop")),
        ("/ci/shop/failed/456148330.log.gz", ("shop", "shop")),
        ("/ci/jobs/shop/builds/12/log", ("shop", "shop")),
        ("/ci/shop-001/raw.log", ("shop", "shop")),
        ("/logs/12.log", ("builds", "builds")),
    ],
)
def test_pipeline_and_job_are_what_runs_share(path: str, names: tuple[str, str]) -> None:
    assert job_names(PurePosixPath(path)) == names


@given(st.text(max_size=60).filter(lambda s: "/" not in s and "\0" not in s))
def test_any_name_gives_some_name(name: str) -> None:
    path = PurePosixPath("/ci/shop") / (name or "x")
    assert source_name(path)
    assert all(job_names(path))
    assert without_run(without_run(name)) == without_run(name)


def test_archives_stand_for_their_folder() -> None:
    assert archive_name(PurePosixPath("a/logs_12.zip")) == PurePosixPath("a/logs_12")
    assert archive_name(PurePosixPath("a/run.tar.gz")) == PurePosixPath("a/run")


def test_people_count_two_before_ten() -> None:
    assert numbered(["10_b", "2_a", "a", "1"]) == ["a", "1", "2_a", "10_b"]


@pytest.mark.parametrize(
    "name", ["a.log", "a.log.gz", "a.log.1", "syslog", "messages-20240512", "a.txt", "a.out.zst", "a.log.2024-05-12"]
)
def test_names_that_logs_have(name: str) -> None:
    assert is_log_name(name)


@pytest.mark.parametrize("name", ["a.csv", "a.png", "LICENSE", "README.md", "a.py", "a.log.csv", "a.xml", "Makefile"])
def test_names_that_logs_do_not_have(name: str) -> None:
    assert not is_log_name(name)


def test_json_is_a_log_only_where_that_is_meant() -> None:
    assert is_log_name("a.jsonl")
    assert not is_log_name("a.jsonl", json_logs=False)
