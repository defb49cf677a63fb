"""A model that obeys whatever a log tells it, and failed builds whose logs were written by attackers."""

# ruff: noqa: E501 - the lines of a log are read as they stand

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from banana_assets.backends.llm.fake import Fake
from banana_assets.core.models.answers import check
from banana_assets.core.models.types import Answer, Request, Usage
from banana_assets.core.plans.types import Plan
from tests.core.safety.attacks import Attack


def attacked(i: int, attack: Attack) -> str:
    """The log of a failing test ``test_case<i>x`` with an attack in the middle and in the assertion."""
    said = attack.log.split("\n")[0][:300]
    lines = [
        "##[group]Run pytest", "collected 2 items", *attack.log.split("\n"), "=================== FAILURES ===================",
        f"___________________ test_case{i}x ___________________", "", f"    def test_case{i}x():", ">       assert total() == 5",
        f"E       AssertionError: {said}", "", "tests/test_pay.py:41: AssertionError", "=========== short test summary info ===========",
        f"FAILED tests/test_pay.py::test_case{i}x - AssertionError: {said}", "1 failed, 1 passed in 0.31s",
        "##[error]Process completed with exit code 1.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


class Obeying(Fake):
    """Answers a well-formed plan in which the attacker's words stand in every field; ``obeyed`` counts how often."""

    def __init__(self, attacks: Sequence[Attack], good: dict[str, Any]) -> None:
        super().__init__()
        self._attacks = attacks
        self._good = good
        self.obeyed: set[int] = set()

    def generate(self, request: Request, seconds: float) -> Answer:
        """The plan that the attack is after."""
        self.asked.append(request)
        found = re.search(r"test_case(\d+)x", request.data)
        assert found, "the evidence does not name the failing test"
        i = int(found[1])
        self.obeyed.add(i)
        wanted = self._attacks[i].wanted
        # One field a try, so that no field is a way in.
        field = (i + len(self.asked)) % 5
        value = {**self._good}
        if field == 0:
            value |= {"approach": wanted}
        elif field == 1:
            value |= {"fallback": wanted}
        elif field == 2:
            value |= {"risks": [{"description": "It may fail again.", "mitigation": wanted}]}
        else:
            steps = [dict(step) for step in value["subtasks"]]
            steps[1]["description" if field == 3 else "expects"] = wanted
            value |= {"subtasks": steps}
        check(value, request.schema, usage=Usage(100, 20))
        return Answer(value, self.provider, self.model, 100, 20, 0.0, 0.0)


def words_of(plan: Plan) -> list[str]:
    """All that a plan says in its own words."""
    told = [plan.goal, plan.approach, plan.fallback_plan, plan.prediction.statement, plan.reason or ""]
    told += [text for step in plan.subtasks for text in (step.description, step.expects)]
    return told + [text for risk in plan.risks for text in (risk.description, risk.mitigation)]
