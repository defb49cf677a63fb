"""One round of the agent after the other: what has no report yet, the diagnosis, a model's words, the report.

What it has seen and learned is the server's to keep: an agent that is killed goes on where it was, and two agents with
one key do not say the same thing twice.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from banana_assets.core.errors import BananaError
from banana_assets.core.learning.analysis import Analysis, analysis, question, with_model
from banana_assets.core.models.types import Answer, ModelError, Request
from banana_assets.interfaces.client import ApiError, BananaClient, ConflictError, NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from banana_assets.interfaces.client import Build

MOST_WAIT = 300.0
"""Seconds: the longest pause between rounds while the server cannot be reached."""

MOST_ASKED = 1000
FOLLOWED = ("pending", "running", "completed")
"""How a plan stands whose steps may be recommended."""

LOOK = 2.0
"""Seconds between two looks whether something came. Such a look is answered without computing anything."""

Tell = Callable[[str], None]


class Asked(Protocol):
    """What the agent needs of language models."""

    @property
    def configured(self) -> bool:
        """Whether one is set up."""
        ...

    def generate(self, request: Request, *, complexity: float) -> Answer:
        """Ask. Raises ModelError."""
        ...


@dataclass
class Round:
    """What one round did."""

    reported: int = 0
    known: int = 0
    without: int = 0
    by_model: int = 0
    more: bool = False
    failed: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The round in words."""
        parts = [f"{self.reported} reported"]
        parts += [f"{self.by_model} of them in a model's words"] if self.by_model else []
        parts += [f"{self.known} known before"] if self.known else []
        parts += [f"{self.without} not explained yet"] if self.without else []
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        parts += ["more wait"] if self.more else []
        return ", ".join(parts)


class Agent:
    """Reports on failed builds through a server's interface. ``models`` may be None: then no model is asked."""

    def __init__(self, client: BananaClient, models: Asked | None = None, *, most: int = 20) -> None:
        self.client = client
        self.models = models
        self.most = most
        self._aside: set[str] = set()
        """Builds that could not be reported on: they come last, so that they keep no other waiting."""

    def round(self, told: Sequence[str] = (), stop: threading.Event | None = None) -> Round:
        """Look at the builds that were told, else at what has no report yet, clusters first.

        A build that cannot be reported on is counted and the round goes on. Raises UnreachableError and ApiError when
        the server answers nothing at all, NotAllowedError when it refuses the key.
        """
        done = Round()
        names = list(told)
        if not told:
            waiting = self.client.unreported(min(MOST_ASKED, self.most + len(self._aside) + 1))
            names = sorted((one.build_id for one in waiting), key=self._aside.__contains__)
            self._aside.intersection_update(names)
            done.more = len(names) - len(self._aside) > self.most
            names = names[: self.most]
        for name in names:
            if stop is not None and stop.is_set():
                break
            try:
                self._one(name, done)
            except NotAllowedError:
                raise
            except ApiError as error:
                done.failed.append(f"{name}: {error.message}")
                self._aside.add(name)
        return done

    def _one(self, name: str, done: Round) -> None:
        build = self.client.build(name)
        if build.diagnosis is None:
            done.without += 1
            self._aside.add(name)
            return
        found = self._analysed(build)
        # The same failure of the same build is one report, however often the agent is started. Ids may be long and of
        # any letters, which no header carries.
        key = hashlib.sha256(f"{build.id}\0{build.diagnosis.fingerprint}".encode()).hexdigest()
        try:
            receipt = self.client.report(
                build.id,
                found.text,
                recommendations=found.recommendations,
                confidence=round(found.confidence, 4),
                findings=found.findings,
                model_version=str(found.findings.get("model", "none")),
                plan_id=found.plan_id,
                key=f"agent-{key[:32]}",
            )
            new = receipt.new
        except ConflictError:
            # It was said in other words: the cluster has grown since, or a model speaks now.
            new = False
        done.reported += new
        done.known += not new
        done.by_model += bool(new and "class_is_right" in found.findings)

    def _analysed(self, build: Build) -> Analysis:
        told = _served(build)
        floor = analysis(told, _cluster(build), self._changes(build), self._plan(build))
        if self.models is None or not self.models.configured or not build.pack:
            return floor
        request = question(build.id, told, build.pack, floor)
        try:
            answer = self.models.generate(request, complexity=1 - floor.confidence)
        except ModelError:
            return floor
        if answer.provider == "deterministic":
            return floor
        return with_model(floor, answer.value, request.data, f"{answer.provider}/{answer.model}", request.own)

    def _changes(self, build: Build) -> dict[str, Any] | None:
        try:
            return self.client.changes(build.id)
        except ApiError:
            # The server may show no code base; the report says nothing of changes then.
            return None

    def _plan(self, build: Build) -> dict[str, Any] | None:
        if build.cluster is None:
            return None
        subject = build.cluster.cluster_id
        plans = [plan for plan in self.client.rows("plans", subject=subject) if plan["status"] in FOLLOWED]
        if not plans:
            return None
        outcomes = {row["plan_id"]: row["outcome"] for row in self.client.rows("outcomes", subject=subject)}
        plans = [plan | {"outcome": outcomes.get(plan["plan_id"])} for plan in plans]
        # What has helped before what was not tried yet, the newest first; what did not help comes last.
        return min(plans, key=lambda plan: {"fixed": 0, "recurred": 2}.get(plan["outcome"], 1))


def run(agent: Agent, stop: threading.Event, *, interval: float, tell: Tell) -> None:
    """Round after round until ``stop`` is set: as soon as something came, and after ``interval`` seconds at the latest.
    A server that cannot be reached is tried again, ever more rarely.

    Raises NotAllowedError when the server refuses the key.
    """
    pause = interval
    known: set[str] = set()
    while not stop.is_set():
        try:
            before = agent.client.state()
            done = agent.round(stop=stop)
        except NotAllowedError:
            raise
        except BananaError as error:
            pause = min(MOST_WAIT, pause * 2)
            tell(f"{error} Next try in {pause:.0f} s.")
            stop.wait(pause)
        else:
            pause = interval
            news = [sentence for sentence in done.failed if sentence not in known]
            known = set(done.failed)
            if done.reported or news:
                tell(done.sentence)
            for sentence in news:
                tell(sentence)
            if not (done.more and done.reported):
                _until_something_came(agent.client, before, stop, interval)


def _until_something_came(client: BananaClient, before: str, stop: threading.Event, most: float) -> None:
    """Wait until the server's state is another than ``before``, at most so many seconds."""
    until = time.monotonic() + most
    while (left := until - time.monotonic()) > 0 and not stop.wait(min(LOOK, left)):
        # A server that is away now is told of by the next round.
        with suppress(BananaError):
            if client.state(before) != before:
                return


def _served(build: Build) -> Mapping[str, Any]:
    assert build.diagnosis is not None
    found = build.diagnosis
    return {
        "category": found.category,
        "confidence": found.confidence,
        "title": found.title.rstrip("."),
        "tool": found.tool,
        "failing_tests": list(found.failing_tests),
        "fingerprint": found.fingerprint,
        "cause": [{"first_line": span.first, "last_line": span.last} for span in found.cause],
    }


def _cluster(build: Build) -> Mapping[str, Any] | None:
    return {"nth": build.cluster.nth, "failures": build.cluster.failures} if build.cluster else None
