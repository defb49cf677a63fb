"""One bottleneck before it is a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from banana_assets.core.advice.observed import Target
from banana_assets.core.evidence import Evidence, stable_id


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
    until: datetime | None
    rule: str
    target: Target
    evidence: tuple[Evidence, ...]

    @property
    def bottleneck_id(self) -> str:
        """The same for the same kind and subject."""
        return stable_id("bottleneck", self.kind, self.subject)

    def row(self) -> dict[str, object]:
        """The columns of BOTTLENECKS."""
        names = (
            "kind",
            "subject",
            "severity",
            "description",
            "value",
            "baseline",
            "unit",
            "since",
            "until",
            "rule",
            "target",
        )
        own: dict[str, object] = {name: getattr(self, name) for name in names}
        return {"bottleneck_id": self.bottleneck_id} | own | {"evidence": list(self.evidence)}
