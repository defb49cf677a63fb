"""``banana record`` in real processes: output, exit status, signals, and what is left when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from tests.system.processes import BANANA, environment


def _record(home: Path, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BANANA, "record", *words], env=environment(home), capture_output=True, text=True, timeout=120, **more
    )  # type: ignore[call-overload,no-any-return]


def _store(home: Path) -> Store:
    return open_store(Settings(home=home))


def _build(home: Path) -> dict[str, object]:
    with _store(home) as store:
        row = store.builds().row(-1, named=True)
        with store.open_build_log(row["build_id"]) as stream:
            return row | {"log": stream.read().decode()}


def _python(program: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", program)


def test_output_passes_through_and_is_kept(home: Path) -> None:
    done = _record(home, "--", "sh", "-c", "echo out; echo err >&2; printf 'no end'; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\nno end", "err\n")
    build = _build(home)
    assert (build["status"], build["exit_code"], build["origin"]) == ("failed", 3, "record")
    assert sorted(str(build["log"]).splitlines()) == ["err", "no end", "out"]
    assert build["command"] == "sh -c 'echo out; echo err >&2; printf '\"'\"'no end'\"'\"'; exit 3'"
    assert 0 < float(str(build["duration_seconds"])) < 60


def test_the_order_of_both_outputs_is_kept_where_they_lead_to_one_place(home: Path) -> None:
    program = "import os\nfor i in range(300): os.write(1 + i % 2, b'line %d\\n' % i)"
    done = subprocess.run(
        [*BANANA, "record", *_python(program)], env=environment(home), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=True,
    )  # fmt: skip
    expected = "".join(f"line {i}\n" for i in range(300))
    assert done.stdout == expected
    assert _build(home)["log"] == expected


def test_lines_of_two_outputs_do_not_mix(home: Path) -> None:
    program = (
        "import os, time\n"
        "os.write(1, b'half a '); time.sleep(0.3); os.write(2, b'other\\n'); time.sleep(0.3); os.write(1, b'line\\n')"
    )
    _record(home, *_python(program))
    assert _build(home)["log"] == "other\nhalf a line\n"


def test_standard_input_reaches_the_command(home: Path) -> None:
    done = _record(home, "--", "cat", input="from here\n")
    assert (done.returncode, done.stdout) == (0, "from here\n")


def test_success_and_usage_of_a_short_command(home: Path) -> None:
    assert (
        _record(home, "--pipeline", "shop", "--job", "unit", "--branch", "b", "--commit", "c", "--", "true").returncode
        == 0
    )
    build = _build(home)
    assert [build[n] for n in ("status", "exit_code", "pipeline", "job", "branch", "commit_sha", "log_lines")] == [
        "success", 0, "shop", "unit", "b", "c", 0,
    ]  # fmt: skip
    with _store(home) as store:
        series = store.resource_series()
        assert series.select("source", "build_id").rows() == [("shop", build["build_id"])]
        assert set(store.read_samples(series["series_id"][0])["metric"]) >= {"cpu_percent", "memory_used_bytes"}


def test_children_are_measured(home: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'x = bytearray(80 << 20); import time; t = time.time()\\n"
        "while time.time() - t < 1.2: sum(range(1000))'])"
    )
    _record(home, "--interval", "0.2", *_python(program))
    with _store(home) as store:
        samples = store.read_samples(store.resource_series()["series_id"][0])
    peak = dict(samples.group_by("metric").agg(pl.col("value").max()).rows())
    assert peak["memory_used_bytes"] > 80 << 20
    assert 5 < peak["cpu_percent"] <= 100
    assert {"disk_written_bytes_per_second", "host_network_sent_bytes_per_second"} <= set(peak)
    assert samples.filter(pl.col("metric") == "cpu_percent").height >= 4


@pytest.mark.parametrize(
    ("command", "status", "said"), [("no-such-command", 127, "no command"), ("/etc/passwd", 126, "cannot be run")]
)
def test_a_command_that_cannot_be_started(home: Path, command: str, status: int, said: str) -> None:
    done = _record(home, "--", command)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((home / "recording").iterdir()) == []


def test_a_command_that_is_killed(home: Path) -> None:
    assert _record(home, "--", "sh", "-c", "kill -SEGV $$").returncode == 128 + signal.SIGSEGV
    build = _build(home)
    assert (build["status"], build["exit_code"]) == ("failed", -signal.SIGSEGV)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_passed_on(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import os, signal, sys, time\n"
        # The signal may come while `ready` is still being printed, and print may not be entered twice.
        f"signal.signal({int(number)}, lambda *_: (os.write(1, b'told\\n'), sys.exit(7)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [*BANANA, "record", *_python(program)], env=environment(home), stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.read() == "told\n"
    assert process.wait(timeout=60) == 7
    build = _build(home)
    assert (build["status"], build["exit_code"], build["log"]) == ("cancelled", 7, "ready\ntold\n")


def test_a_signal_that_ends_the_command(home: Path) -> None:
    process = subprocess.Popen(
        [*BANANA, "record", "--", "sh", "-c", "echo ready; exec sleep 60"], env=environment(home),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert (_build(home)["status"], _build(home)["exit_code"]) == ("cancelled", -signal.SIGTERM)


def test_people_are_told_what_it_is_kept_as(home: Path) -> None:
    ours, theirs = os.openpty()
    done = subprocess.run(
        [*BANANA, "record", "--", "true"], env=environment(home), stdout=subprocess.PIPE, stderr=theirs, check=False
    )
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123 - it is no path
        said = terminal.read(4096).decode()
    build_id = _build(home)["build_id"]
    assert (done.returncode, done.stdout) == (0, b"")
    assert said == f"banana record: kept as {build_id}; `banana build {build_id}` shows it.\r\n"


def test_a_reader_that_goes_away_ends_the_command(home: Path) -> None:
    process = subprocess.Popen(
        [*BANANA, "record", "--", "yes"], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(2) == b"y\n"
    process.stdout.close()
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE
    assert process.stderr.read() == b""


def test_something_left_behind_does_not_hold_it_up(home: Path) -> None:
    began = time.monotonic()
    done = _record(home, "--", "sh", "-c", "sleep 50 & echo started $!")
    os.kill(int(done.stdout.split()[1]), signal.SIGTERM)
    assert done.returncode == 0
    assert time.monotonic() - began < 30


def test_what_a_killed_recorder_leaves_comes_in_later(home: Path) -> None:
    process = subprocess.Popen(
        [*BANANA, "record", "--job", "cut", "--", "sh", "-c", "echo kept; echo $$; exec sleep 60"],
        env=environment(home), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "kept\n"
    command = int(process.stdout.readline())
    time.sleep(0.3)
    process.kill()
    process.wait()
    os.kill(command, signal.SIGKILL)
    done = _record(home, "--job", "next", "--", "true")
    assert done.returncode == 0
    assert "1 recording" in done.stderr
    with _store(home) as store:
        rows = {row["job"]: row for row in store.builds().iter_rows(named=True)}
        assert (rows["cut"]["status"], rows["cut"]["exit_code"], rows["next"]["status"]) == ("error", None, "success")
        assert store.open_build_log(rows["cut"]["build_id"]).read().startswith(b"kept\n")
    assert list((home / "recording").iterdir()) == []
    assert "recording" not in _record(home, "--", "true").stderr


def test_a_store_that_fails_does_not_change_the_status(home: Path) -> None:
    home.mkdir()
    (home / "banana.sqlite").write_bytes(b"no database " * 1000)
    done = _record(home, "--job", "kept", "--", "sh", "-c", "echo out; exit 5")
    assert (done.returncode, done.stdout) == (5, "out\n")
    assert "not stored yet" in done.stderr
    assert "not a database" in done.stderr
    (home / "banana.sqlite").unlink()
    assert _record(home, "--", "true").returncode == 0
    with _store(home) as store:
        kept = store.builds().filter(pl.col("job") == "kept").row(0, named=True)
    assert (kept["status"], kept["exit_code"]) == ("failed", 5)


def test_a_home_that_cannot_be_written_does_not_stop_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = _record(tmp_path / "file" / "home", "--", "sh", "-c", "echo out; exit 4")
    assert (done.returncode, done.stdout) == (4, "out\n")
    assert "not kept" in done.stderr


def test_reports_that_the_command_writes(home: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    old = work / "old.xml"
    old.write_text('<testsuite name="old"><testcase name="t"/></testsuite>')
    os.utime(old, (1, 1))
    program = 'printf \'<testsuite name="s"><testcase name="t"><failure/></testcase></testsuite>\' > new.xml; exit 1'
    assert _record(home, "--junit", "*.xml", "--", "sh", "-c", program, cwd=work).returncode == 1
    with _store(home) as store:
        assert store.test_results().select("suite", "name", "status").rows() == [("s", "t", "failed")]
    done = _record(home, "--junit", "*.none", "--", "true", cwd=work)
    assert done.returncode == 0
    assert "*.none" in done.stderr


def test_git_says_branch_and_commit(home: Path, tmp_path: Path) -> None:
    work = tmp_path / "shop"
    work.mkdir()

    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", *identity, *words], cwd=work, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q", "-b", "topic")
    git("commit", "-q", "--allow-empty", "-m", "first")
    (work / "deep").mkdir()
    _record(home, "--", "make", "--version", cwd=work / "deep")
    build = _build(home)
    assert [build[n] for n in ("pipeline", "job", "branch", "commit_sha")] == [
        "shop", "make", "topic", git("rev-parse", "HEAD"),
    ]  # fmt: skip


def test_a_home_that_cannot_be_written_costs_the_build_and_not_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _record(tmp_path / "file" / "home", "--", "sh", "-c", "echo out; exit 3")
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert "the command ran, but the build is not kept" in done.stderr
    assert "set BANANA_HOME" in done.stderr
    assert done.stderr.count("\n") == 1
