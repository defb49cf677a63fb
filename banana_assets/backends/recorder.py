"""Running a command as a build: its output passes through live; log, exit status, duration and what it used are kept.

While the command runs everything goes to a spool folder in the home, so that a recorder that is killed loses nothing:
whoever records or ingests next takes the spool in, as a build with the status ``error``. No failure to keep the build
changes the command's exit status.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO, Any, BinaryIO

from banana_assets.backends.sampling import Sampler, whole_run
from banana_assets.backends.spool import Labels, Spool
from banana_assets.core.errors import InputError

NOT_FOUND, NOT_EXECUTABLE = 127, 126
GRACE_SECONDS = 1.0
"""How long output is awaited after the command ended while something it started still holds the pipe."""

_CHUNK = 1 << 16
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL = (signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT))


@dataclass(frozen=True)
class Ran:
    """How a command ended, and its spool where there is one; ``complaint`` says what could not be kept."""

    exit_code: int
    spool: Path | None
    complaint: str = ""

    @property
    def status(self) -> int:
        """The exit status as shells report it: 128 and the number of the signal."""
        return self.exit_code if self.exit_code >= 0 else 128 - self.exit_code


def run_recorded(home: Path, command: Sequence[str], labels: Labels, *, interval: float = 1.0) -> Ran:
    """Run the command to its end. Its standard input, output and error are ours; signals are passed on to it.

    Raises InputError when it does not exist or may not be executed (``exit_status_of`` tells which).
    """
    spool = Spool(home, command, labels)
    try:
        return _run(command, spool, interval)
    except InputError:
        spool.discard()
        raise


def exit_status_of(error: InputError) -> int:
    """The exit status that shells give for a command that could not be started."""
    return (
        NOT_EXECUTABLE
        if isinstance(error.__cause__, PermissionError | OSError) and not isinstance(error.__cause__, FileNotFoundError)
        else NOT_FOUND
    )


def _run(command: Sequence[str], spool: Spool, interval: float) -> Ran:
    merged = _same_file(1, 2)
    with _forwarding() as forward:
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merged else subprocess.PIPE, bufsize=0
            )
        except FileNotFoundError as error:
            raise InputError(f"There is no command {command[0]!r}.", "Check its name and PATH.") from error
        except OSError as error:
            raise InputError(
                f"The command {command[0]!r} cannot be run: {error.strerror}.", "Check its permissions."
            ) from error
        began = time.monotonic()
        forward.to(process.pid)
        sampler = Sampler(process.pid, interval, spool.add_readings)
        sampler.start()
        code, usage = _pass_through(process, spool)
        seconds = time.monotonic() - began
        sampler.stop()
        if usage is not None and not sampler.count:
            spool.add_readings(datetime.now(UTC), whole_run(seconds, *usage))
    spool.finish(code, cancelled=code != 0 and forward.told_to_stop)
    return Ran(code, spool.folder, spool.complaint)


def _pass_through(process: subprocess.Popen[bytes], spool: Spool) -> tuple[int, tuple[float, int] | None]:
    """Hand the output on until the command has ended; its exit status, and the CPU seconds and peak memory it took."""
    ended: tuple[int, tuple[float, int] | None] | None = None
    with selectors.DefaultSelector() as selector:
        for source, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            if source is not None:
                selector.register(source.fileno(), selectors.EVENT_READ, _Stream(source, target.buffer))
        quiet_since = 0.0
        while selector.get_map():
            ready = selector.select(0.05)
            for key, _ in ready:
                stream: _Stream = key.data
                spool.add_output(stream.step())
                if stream.closed:
                    selector.unregister(key.fd)
                    stream.source.close()
            if ended is None:
                ended = _ended(process, wait=False)
            if ended is not None:
                quiet_since = time.monotonic() if ready or not quiet_since else quiet_since
                if time.monotonic() - quiet_since > GRACE_SECONDS:
                    break
        for key in list(selector.get_map().values()):
            spool.add_output(key.data.rest())
            key.data.source.close()
    return ended or _ended(process, wait=True) or (0, None)


def _ended(process: subprocess.Popen[bytes], *, wait: bool) -> tuple[int, tuple[float, int] | None] | None:
    if not hasattr(os, "wait4"):
        code = process.wait() if wait else process.poll()
        return None if code is None else (code, None)
    while True:
        try:
            pid, status, usage = os.wait4(process.pid, 0 if wait else os.WNOHANG)
        except InterruptedError:
            continue
        break
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    # Linux and most others count kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return process.returncode, (usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


class _Stream:
    """One output of the command: handed on as it comes, kept by whole lines so that two outputs do not mix in one."""

    def __init__(self, source: IO[bytes], target: BinaryIO) -> None:
        self.source, self.target = source, target
        self.held = b""
        self.closed = False

    def step(self) -> bytes:
        """Hand on what is there; returns the lines that are whole now."""
        data = os.read(self.source.fileno(), _CHUNK)
        self.held += data
        if not data or not self._hand_on(data):
            # When nobody reads on, closing our end tells the command so, as a closed pipe does.
            self.closed = True
            return self.rest()
        cut = self.held.rfind(b"\n") + 1 or (len(self.held) if len(self.held) > _CHUNK else 0)
        lines, self.held = self.held[:cut], self.held[cut:]
        return lines

    def rest(self) -> bytes:
        """What is left of a last line."""
        held, self.held = self.held, b""
        return held

    def _hand_on(self, data: bytes) -> bool:
        try:
            self.target.write(data)
            self.target.flush()
        except BrokenPipeError:
            # The interpreter flushes again at its end and must not complain then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.target.fileno())
            return False
        return True


class _Forward:
    """Signals on their way to the command."""

    def __init__(self) -> None:
        self.pid = 0
        self.early: list[int] = []
        self.told_to_stop = False

    def to(self, pid: int) -> None:
        self.pid = pid
        for number in self.early:
            self.send(number)

    def receive(self, number: int, frame: FrameType | None) -> None:
        self.told_to_stop |= number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
        if number in _FROM_TERMINAL and _is_foreground():
            # The terminal has sent it to the command as well.
            return
        if self.pid:
            self.send(number)
        else:
            self.early.append(number)

    def send(self, number: int) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return


@contextmanager
def _forwarding() -> Iterator[_Forward]:
    forward = _Forward()
    before: dict[int, Any] = {}
    for name in _FORWARDED:
        number = getattr(signal, name, None)
        # What we were started to ignore (nohup), the command ignores too.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, forward.receive)
    try:
        yield forward
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_foreground() -> bool:
    for descriptor in (0, 1, 2):
        try:
            if os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp():
                return True
        except OSError:
            continue
    return False


def _same_file(first: int, second: int) -> bool:
    """Whether two descriptors lead to the same place: then one pipe keeps the order of everything written."""
    try:
        return os.path.samestat(os.fstat(first), os.fstat(second))
    except OSError:
        return False


__all__ = ["Labels", "Ran", "exit_status_of", "run_recorded"]
