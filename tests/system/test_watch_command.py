"""``banana watch`` in real processes: what is left when it is killed, and how it ends when it is told to."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from tests.system.processes import Run, Start


def test_a_killed_watch_loses_nothing_that_it_read_and_a_stopped_one_stores_it(
    home: Path, start: Start, run: Run
) -> None:
    killed = start("watch", "--interval", "100ms", "--source", "killed")
    until = time.monotonic() + 60
    while not (files := list(home.glob("sampling/*/readings.csv"))) and time.monotonic() < until:
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    # What is written is counted from the file: the process may have been in the middle of a line.
    lines = files[0].read_text().rpartition("\n")[0].count("\n")
    stopped = start("watch", "--interval", "100ms", "--source", "stopped")
    while not set(home.glob("sampling/*/readings.csv")) - set(files) and time.monotonic() < until:
        time.sleep(0.02)
    stopped.send_signal(signal.SIGTERM)
    out, err = stopped.communicate(timeout=60)
    assert (stopped.returncode, out) == (0, "")
    assert f"took in {lines} readings" in err
    with open_store(Settings(home=home)) as store:
        assert store.resource_series()["source"].to_list() == ["killed", "stopped"]
    assert list((home / "sampling").iterdir()) == []
