"""What a step of a plan may run here: its arguments looked up in the store, links followed to where they lead."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath, PurePosixPath

from banana_assets.backends.pending import KINDS
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.plans.actions import Admitted, Known, admitted
from banana_assets.core.plans.types import Plan


def known(store: Store) -> Known:
    """The closed sets that arguments of actions come from."""
    days = {day for kind in KINDS for day in store.arrival_days(kind)}
    builds = store.builds()
    told = builds.drop_nulls("path")
    # A build's log that was found in a folder: newer builds come into that folder.
    folders = {str(PurePosixPath(path).parent) for path in told.filter(origin="folder")["path"]}
    watched = store.settings.watch_folder
    return Known(
        days={*days, datetime.now(UTC).date()} if days else set(),
        log_paths=set(store.log_files()["path"]),
        build_paths=({*told["path"]} | folders) - {"", ".", "/"},
        watched=None if watched is None else watched.absolute(),
    )


def admit(store: Store, plan: Plan, step_id: str) -> Admitted:
    """What that step of the plan may run. Raises InputError for a step that is not ours, and for an argument that is
    not known, is not there, or leads out of the watched folder."""
    step = next((s for s in plan.subtasks if s.id == step_id), None)
    if step is None:
        ids = ", ".join(s.id for s in plan.subtasks) or "none"
        raise InputError(f"The plan {plan.plan_id} has no step {step_id}.", f"Its steps are: {ids}.")
    if step.action is None:
        raise InputError(
            f"Step {step_id} is for people and agents: nothing here can do it.",
            f"`banana plan start {plan.plan_id} {step_id}` says that you do.",
        )
    found = admitted(step.action, known(store))
    for paths in found.paths.values():
        for path in paths:
            _is_there(path, store.settings)
    return found


def approval(settings: Settings, plan: Plan, step_id: str, found: Admitted, approved_by: str | None) -> str | None:
    """Who lets the step run: a person, or the settings where they may; None where nobody does."""
    if approved_by is not None:
        return approved_by
    kind = next(s.action.kind for s in plan.subtasks if s.id == step_id and s.action)
    return "the setting approved_actions" if kind in settings.approved_actions and found.by_policy else None


def _is_there(path: str, settings: Settings) -> None:
    real = Path(path).resolve()
    if not real.exists():
        raise InputError(f"{path} is not there.", "Nothing is run.")
    if Path(path).is_symlink():
        raise InputError(f"{path} is a link to {real}.", "Take in what it leads to by hand, if it is meant.")
    watched = settings.watch_folder
    inside = watched is not None and PurePath(path).is_relative_to(watched.absolute())
    if inside and watched is not None and not real.is_relative_to(watched.resolve()):
        raise InputError(f"{path} leads out of the watched folder, to {real}.", "Nothing is run.")
