"""One bottleneck, and how a measure becomes a severity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from banana_assets.core.evidence import Evidence, stable_id
from banana_assets.core.vocabulary import SEVERITIES


@dataclass(frozen=True)
class Finding:
    """A row of BOTTLENECKS before it has an id."""

    kind: str
    subject: str
    severity: str
    description: str
    value: float
    baseline: float
    unit: str
    since: datetime | None
    rule: str
    evidence: tuple[Evidence, ...]

    @property
    def bottleneck_id(self) -> str:
        """The same for the same kind and subject."""
        return stable_id("bottleneck", self.kind, self.subject)

    def row(self) -> dict[str, object]:
        """The columns of BOTTLENECKS."""
        return {
            "bottleneck_id": self.bottleneck_id,
            "kind": self.kind,
            "subject": self.subject,
            "severity": self.severity,
            "description": self.description,
            "value": self.value,
            "baseline": self.baseline,
            "unit": self.unit,
            "since": self.since,
            "rule": self.rule,
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True)
class Scale:
    """Where severities begin on a measure: ``limits`` for low, medium, high and critical, rising."""

    measure: str
    limits: tuple[float, float, float, float]

    def severity(self, value: float) -> str | None:
        """The severity of a value, None below the lowest limit."""
        reached: Sequence[str] = [word for word, limit in zip(SEVERITIES, self.limits, strict=True) if value >= limit]
        return reached[-1] if reached else None

    @property
    def rule(self) -> str:
        """The rule in words."""
        steps = ", ".join(f"{word} from {limit:g}" for word, limit in zip(SEVERITIES, self.limits, strict=True))
        return f"{self.measure}: {steps}"
