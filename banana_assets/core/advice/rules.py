"""The one table of rules: what is measured for each kind of bottleneck, and where each severity begins.

docs/numbers.md shows this table, a row a rule; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from banana_assets.core.vocabulary import SEVERITIES


@dataclass(frozen=True)
class Rule:
    """Where severities begin on a measure: ``limits`` for low, medium, high and critical, rising, or falling where less
    is worse. ``needs`` says what must hold beside it before anything is told.
    """

    kind: str
    measure: str
    limits: tuple[float, float, float, float]
    needs: str

    @property
    def falling(self) -> bool:
        """Whether less is worse."""
        return self.limits[0] > self.limits[-1]

    def severity(self, value: float) -> str | None:
        """The severity of a value, None where it is not even low."""
        sign = -1 if self.falling else 1
        reached: Sequence[str] = [
            word for word, limit in zip(SEVERITIES, self.limits, strict=True) if sign * value >= sign * limit
        ]
        return reached[-1] if reached else None

    @property
    def rule(self) -> str:
        """The rule in words."""
        edge = "up to" if self.falling else "from"
        steps = ", ".join(f"{word} {edge} {limit:g}" for word, limit in zip(SEVERITIES, self.limits, strict=True))
        return f"{self.measure}: {steps}"


SLOWER = Rule(
    "slow_step",
    "median time now over the median before",
    (1.1, 1.25, 1.5, 2.0),
    "a change point upwards, or the last third against the 100 before; a chance below .01 over all jobs and steps",
)
TEST_SHARE = Rule(
    "slow_step",
    "a test's share of the time of all tests",
    (0.25, 0.4, 0.6, 0.8),
    "a second or more, four tests or more, the latest ten tested builds",
)
PATH = Rule(
    "critical_path",
    "share of a run's time that it would save if the job took none",
    (0.3, 0.5, 0.75, 0.95),
    "jobs that run at once, on the path of half of the latest 20 runs, half a minute saved",
)
WAITING = Rule(
    "queue",
    "median wait over median run time",
    (0.1, 0.25, 0.5, 1.0),
    "ten builds with both times, half a minute waited; one step more where the backlog grows",
)
FAILING = Rule(
    "failure_rate",
    "failure rate now less the rate before",
    (0.05, 0.15, 0.3, 0.5),
    "a change point upwards whose 95 % interval leaves out zero; a chance below .01 over all jobs",
)
HOT = Rule(
    "hot_hour",
    "rate of the hour over the mean of the other hours",
    (3, 5, 10, 20),
    "ten events, twelve other hours in which anything was recorded, a chance below 1e-4 over all hours looked at",
)
NEAR_LIMIT = Rule(
    "resource_limit",
    "percent of the limit that the busiest twentieth of the last day reached",
    (70, 85, 92, 97),
    "twelve readings or more",
)
CROSSING = Rule(
    "resource_limit",
    "days until the limit is reached at the present pace",
    (7, 3, 1, 0.25),
    "a level that rises steadily (Kendall's tau of its days .7 or more)",
)
RISEN = Rule(
    "pattern_rate",
    "rate of late over the rate before, by the hour and by its source's ordinary work",
    (2, 4, 8, 16),
    "ten events of late, twelve hours written before, a chance below 1e-4 over all patterns looked at",
)

RULES = (SLOWER, TEST_SHARE, PATH, WAITING, FAILING, HOT, NEAR_LIMIT, CROSSING, RISEN)


def worse(one: str | None, other: str | None) -> str | None:
    """The more severe of two, where there is one."""
    return max((s for s in (one, other) if s is not None), key=SEVERITIES.index, default=None)


def one_worse(severity: str) -> str:
    """The next severity."""
    return SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]
