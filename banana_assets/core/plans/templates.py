"""The reusable shape of a plan: its steps with placeholders, made from plans that worked, and put on another failure.

What a template is worth is counted from outcomes (``template_counts``), never from what a model said of its plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from banana_assets.core.builds.fingerprint import masked
from banana_assets.core.builds.similarity import signature, similarity
from banana_assets.core.evidence import stable_id
from banana_assets.core.plans.case import Case
from banana_assets.core.plans.drafts import Draft, Recipe
from banana_assets.core.plans.placeholders import Names, filled, generalised, values_of
from banana_assets.core.plans.types import Risk
from banana_assets.core.safety.answers import findings
from banana_assets.core.safety.secrets import mask
from banana_assets.core.safety.untrusted import tidy
from banana_assets.core.text import cut

ANY = "any"
"""The category of a template that says none."""

ALIKE = 0.8
"""From here on two plans of the same types of steps have one shape."""

MOST_ANSWERED, LONGEST_ANSWERED, LONGEST_NAME = 5, 1500, 90
_RUNS = ("reproduce", "verify", "measure")


@dataclass(frozen=True)
class TemplateStep:
    """A step; ``after`` and ``cites`` are positions from 0, of steps before it and of the failure's citations. ``runs``
    is how often it runs the job."""

    type: str
    description: str
    expects: str
    minutes: float
    after: tuple[int, ...] = ()
    priority: str = "medium"
    cites: tuple[int, ...] = ()
    runs: int = 0


@dataclass(frozen=True)
class Counted:
    """What another home counted of a template, as of ``at``."""

    successes: float
    trials: float
    at: datetime


@dataclass(frozen=True)
class Template:
    """A plan's shape. ``answers`` are the masked lines of failures that it was made for, ``plans`` the decided plans of
    its shape, ``counted`` what other homes counted, by home; ``original`` is what an imported file said word for word,
    where another program wrote it, ``note`` what is to be known of that."""

    template_id: str
    name: str
    description: str
    category: str
    tool: str | None
    approach: str
    steps: tuple[TemplateStep, ...]
    risks: tuple[Risk, ...]
    fallback_plan: str
    origin: str
    answers: tuple[str, ...]
    plans: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    counted: Mapping[str, Counted] = field(default_factory=dict)
    original: Mapping[str, Any] | None = None
    note: str | None = None

    @property
    def shape(self) -> str:
        """The same for the same class, tool and steps, whatever numbers they name."""
        steps = "\n".join(f"{s.type}|{masked(s.description)}|{s.after}" for s in self.steps)
        return stable_id("template", self.category, self.tool or "", steps)

    @property
    def texts(self) -> tuple[str, ...]:
        """All that it says."""
        said = [text for s in self.steps for text in (s.description, s.expects)]
        risks = [text for r in self.risks for text in (r.description, r.mitigation)]
        return (self.name, self.description, self.approach, self.fallback_plan, *said, *risks)

    @property
    def issues(self) -> tuple[str, ...]:
        """Why it may not be used for a plan; mostly nothing. What a plan of this store said was looked through then."""
        found = [issue.message for issue in findings(self.texts, "")] if self.origin == "import" else []
        return tuple(found + ([] if self.steps else ["It has no step."]))


def of_plan(
    plan: Mapping[str, Any], cluster: Mapping[str, Any], failure: Mapping[str, Any], names: Names, at: datetime
) -> Template:
    """The template of a plan (a row of PLANS) that answered a failure; ``names`` are what that failure names.

    Steps that Banana does itself are left out: the planner adds those that it can do to every plan.
    """

    def said(text: str) -> str:
        return tidy(mask(generalised(text, names)).text).strip()

    own = [step for step in plan["subtasks"] if step["action"] is None]
    places = {step["id"]: k for k, step in enumerate(own)}
    cited: dict[tuple[Any, ...], int] = {}
    steps = []
    for step in own:
        keys = [(c["sha256"], c["first_line"], c["last_line"]) for c in step["citations"]]
        steps.append(
            TemplateStep(
                step["type"],
                said(step["description"]),
                said(step["expects"]),
                step["estimated_minutes"],
                tuple(sorted(places[d] for d in step["dependencies"] if d in places)),
                step["priority"],
                tuple(dict.fromkeys(cited.setdefault(key, len(cited)) for key in keys)),
                int(step["type"] in _RUNS or bool(step["resource_requirements"])),
            )
        )
    approach = said(plan["approach"]).rstrip(".")
    made = Template(
        "",
        _cut(f"{cluster['category']}: {filled(approach, {})}".replace("`", "")),
        said(plan["goal"]),
        cluster["category"],
        failure.get("tool") or cluster["tool"],
        approach,
        tuple(steps),
        tuple(Risk(said(r["description"]), said(r["mitigation"])) for r in plan["risks"]),
        said(plan["fallback_plan"]),
        "plans",
        (answered(failure.get("cause_text") or cluster["title"]),),
        (plan["plan_id"],),
        at,
        at,
    )
    return replace(made, template_id=made.shape)


def answered(text: str) -> str:
    """The lines of a failure without what varies from run to run."""
    lines = (masked(line) for line in mask(tidy(text)).text.split("\n"))
    return "\n".join(dict.fromkeys(line for line in lines if line))[:LONGEST_ANSWERED]


def alike(template: Template, others: Iterable[Template]) -> Template | None:
    """The first of the others with the same shape, or with the same types of steps and nearly the same words."""
    types = [s.type for s in template.steps]
    mine = signature(template.category, _said(template))
    for other in others:
        if (other.category, other.tool) != (template.category, template.tool):
            continue
        if other.shape == template.shape:
            return other
        if [s.type for s in other.steps] == types and similarity(
            mine, signature(other.category, _said(other))
        ) >= ALIKE:
            return other
    return None


def joined(template: Template, other: Template, at: datetime) -> Template:
    """The template with what the other was made from and for; its own words stay."""
    plans = tuple(dict.fromkeys((*template.plans, *other.plans)))
    answers = tuple(dict.fromkeys((*template.answers, *other.answers)))[:MOST_ANSWERED]
    if (plans, answers) == (template.plans, template.answers):
        return template
    return replace(template, plans=plans, answers=answers, updated_at=at)


def applied(template: Template, case: Case) -> Recipe:
    """The steps of a template for a failure, with what its lines name."""
    values = values_of(case)
    steps = tuple(
        Draft(
            s.type,
            filled(s.description, values),
            filled(s.expects, values),
            s.minutes,
            s.after,
            s.priority,
            s.cites,
            runs=s.runs,
        )
        for s in template.steps
    )
    risk = template.risks[0] if template.risks else Risk("", "")
    return Recipe(
        filled(template.approach, values),
        steps,
        filled(risk.description, values),
        filled(risk.mitigation, values),
        filled(template.fallback_plan, values),
    )


def resemblance(template: Template, texts: Sequence[str]) -> float:
    """How much the failures that it was made for say what these texts say (0 to 1)."""
    mine = [signature("", text) for text in texts]
    known = [signature("", text) for text in template.answers]
    return max((similarity(a, b) for a in mine for b in known), default=0.0)


def _said(template: Template) -> str:
    return "\n".join(s.description for s in template.steps)


def _cut(text: str) -> str:
    return cut(text, LONGEST_NAME)


def to_json(template: Template) -> dict[str, Any]:
    """A template as JSON takes it; ``from_json`` reads it again."""
    row = asdict(template)
    for name in ("created_at", "updated_at"):
        row[name] = row[name].isoformat()
    row["counted"] = {home: vars(c) | {"at": c.at.isoformat()} for home, c in template.counted.items()}
    return row


def from_json(row: Mapping[str, Any]) -> Template:
    """The template that ``to_json`` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    counted = {
        str(home): Counted(float(c["successes"]), float(c["trials"]), datetime.fromisoformat(c["at"]))
        for home, c in row["counted"].items()
    }
    return Template(
        **{
            **row,
            "steps": tuple(_step(s) for s in row["steps"]),
            "risks": tuple(Risk(str(r["description"]), str(r["mitigation"])) for r in row["risks"]),
            "answers": tuple(map(str, row["answers"])),
            "plans": tuple(map(str, row["plans"])),
            "created_at": datetime.fromisoformat(row["created_at"]),
            "updated_at": datetime.fromisoformat(row["updated_at"]),
            "counted": counted,
        }
    )


def _step(row: Mapping[str, Any]) -> TemplateStep:
    return TemplateStep(**{**row, "after": tuple(map(int, row["after"])), "cites": tuple(map(int, row["cites"]))})
