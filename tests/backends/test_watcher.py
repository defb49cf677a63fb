"""Watching for a short time: the host, a command, a process, an exporter."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from banana_assets.backends import watcher
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.watcher import Done, Told, watch_all
from banana_assets.core.errors import InputError


def run(home: Path, **told: object) -> tuple[Done, list[str]]:
    said: list[str] = []
    return watch_all(load_from(home), Told(interval=0.05, **told), said.append), said  # type: ignore[arg-type]


def sources(home: Path) -> dict[str, set[str]]:
    with open_store(load_from(home)) as store:
        found: dict[str, set[str]] = {}
        for number, source in store.resource_series().select("series_id", "source").iter_rows():
            found.setdefault(source, set()).update(store.read_samples(number)["metric"])
    return found


def test_the_host_is_read_until_the_time_is_over(home: Path) -> None:
    done, said = run(home, duration=1.0, source="here")
    assert (done.status, said) == (0, [])
    assert done.stored == done.readings > 10
    assert {"cpu_percent", "memory_percent"} <= sources(home)["here"]
    assert list((home / "sampling").iterdir()) == []


def test_a_command_is_watched_to_its_end_and_gives_its_status(home: Path) -> None:
    done, _ = run(home, command=("sh", "-c", "sleep 0.7; exit 3"), host=False)
    assert done.status == 3
    assert {"cpu_percent", "memory_used_bytes"} <= sources(home)["sh"]


def test_an_exporter_is_asked_each_time_and_its_counters_become_rates(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(url: str) -> bytes:
        asked.append(url)
        if len(asked) == 8:
            os.kill(os.getpid(), signal.SIGTERM)
        if len(asked) == 3:
            raise InputError("It does not answer.")
        return f"# TYPE c counter\nc_total {len(asked) * 10}\nfree_kib 2\n".encode()

    monkeypatch.setattr(watcher, "scrape", answer)
    done, said = run(home, urls=("http://db:9100/metrics",), host=False)
    assert done.stored > 3
    assert said == ["It does not answer."]
    assert sources(home) == {"db:9100": {"c_per_second", "free_bytes"}}


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ({"pids": (99999999,)}, "no process"),
        ({"host": False}, "nothing to watch"),
        ({"command": ("no-such-command",)}, "no command"),
        ({"pids": (os.getpid(),), "source": "x"}, "one --source"),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(home: Path, told: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what):
        run(home, duration=0.1, **told)
