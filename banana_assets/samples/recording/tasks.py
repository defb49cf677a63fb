"""Record a queue of real work: one worker that takes the oldest task first, and tasks that come by chance.

    apt-get install ffmpeg
    python3 tasks.py --out ../tasks/encoder.csv --minutes 25

The work is what a media library at home has: loudness is measured, music is encoded, pictures of the sound are drawn,
files are probed in batches. Nothing is simulated: each task is a run of ffmpeg or ffprobe on sound that ffmpeg made.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import tempfile
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

QUIET = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
COLUMNS = ["task_id", "kind", "status", "queued_at", "started_at", "finished_at", "items", "memory_bytes", "cpu_cores"]
KINDS = {"probe": 0.45, "loudness": 0.25, "waveform": 0.15, "encode_mp3": 0.1, "encode_opus": 0.05}


def make_sound(folder: Path, draw: random.Random) -> list[Path]:
    """Tracks of half a minute to eight minutes: chords with noise, so that encoders have something to do."""
    made = []
    for n in range(14):
        seconds = draw.choice([30, 45, 60, 120, 180, 240, 300, 480])
        tones = "+".join(f"0.2*sin(2*PI*{draw.randint(90, 900)}*t)" for _ in range(4))
        out = folder / f"track-{n:02}.flac"
        sound = f"aevalsrc='{tones}+0.05*(random(0)-0.5)':s=44100:d={seconds}"
        subprocess.run([*QUIET, "-f", "lavfi", "-i", sound, "-ac", "2", str(out)], check=True)
        made.append(out)
    return made


def commands(kind: str, tracks: list[Path], folder: Path, draw: random.Random) -> tuple[list[list[str]], int]:
    """What a task runs, and how many items it has."""
    track = str(draw.choice(tracks))
    if kind == "probe":
        some = [str(draw.choice(tracks)) for _ in range(draw.choice([1, 2, 4, 8, 12, 20]))]
        return [["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", t] for t in some], len(some)
    if kind == "loudness":
        return [[*QUIET, "-i", track, "-af", "ebur128", "-f", "null", "-"]], 1
    if kind == "waveform":
        return [[*QUIET, "-i", track, "-lavfi", "showspectrumpic=s=1024x512", str(folder / "wave.png")]], 1
    if kind == "encode_mp3":
        return [[*QUIET, "-i", track, "-c:a", "libmp3lame", "-q:a", "0", str(folder / "out.mp3")]], 1
    return [[*QUIET, "-i", track, "-c:a", "libopus", "-b:a", "160k", str(folder / "out.opus")]], 1


def run(task: list[list[str]]) -> tuple[str, int, float]:
    """Run a task to its end: its status, the most memory of a process of it (bytes), and the CPU seconds."""
    memory, cpu, status = 0, 0.0, "completed"
    for command in task:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, code, usage = os.wait4(process.pid, 0)
        memory = max(memory, usage.ru_maxrss * 1024)
        cpu += usage.ru_utime + usage.ru_stime
        if code:
            status = "error"
    return status, memory, cpu


def now() -> str:
    """The time as it is written."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def main() -> None:
    """Let tasks come by chance for some minutes, run them one after another, and write what happened."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--minutes", type=float, default=25)
    asked.add_argument("--every", type=float, default=6.0, help="seconds between tasks, on average")
    told = asked.parse_args()
    draw = random.Random(20261122)
    waiting: deque[tuple[int, str, list[list[str]], int, str]] = deque()
    ended = threading.Event()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tracks = make_sound(folder, draw)

        def arrive() -> None:
            begin = time.monotonic()
            n = 0
            while time.monotonic() - begin < told.minutes * 60:
                # Work comes in bursts, as when an album is added: a few tasks, then a pause.
                for _ in range(draw.choice([1, 1, 2, 3, 6])):
                    kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
                    n += 1
                    waiting.append((n, kind, *commands(kind, tracks, folder, draw), now()))
                time.sleep(draw.expovariate(1 / (told.every * 2.6)))
            ended.set()

        threading.Thread(target=arrive, daemon=True).start()
        told.out.parent.mkdir(parents=True, exist_ok=True)
        with told.out.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            while waiting or not ended.is_set():
                if not waiting:
                    time.sleep(0.05)
                    continue
                n, kind, task, items, queued = waiting.popleft()
                started, clock = now(), time.monotonic()
                status, memory, cpu = run(task)
                cores = cpu / max(time.monotonic() - clock, 1e-3)
                writer.writerow([n, kind, status, queued, started, now(), items, memory, f"{cores:.2f}"])
                out.flush()
    print(json.dumps({"tasks": n}))


if __name__ == "__main__":
    main()
