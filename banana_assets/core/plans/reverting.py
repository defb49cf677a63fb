"""Going back: the method that needs no cause, only the change that the failure came with."""

from __future__ import annotations

import re

from banana_assets.core.plans.case import Case, listed
from banana_assets.core.plans.drafts import Draft, Recipe

_REVERT = re.compile(r"\b(?:revert|roll(?:ing)?[- ]?back|undo|go(?:ing)? back|back ?out|bisect)\w*", re.IGNORECASE)


def wants_revert(approach: str) -> bool:
    """Whether that is what people ask for."""
    return _REVERT.search(approach) is not None


def reverting(case: Case) -> Recipe:
    """Undo what came with the failure, then make the change again with a check. The case knows its ``change``."""
    green = f"; {case.last_green_build} was green" if case.last_green_build else ""
    what = listed(case.failing_tests) or case.place
    return Recipe(
        f"Undo {case.change}, with which the failure came, and make the change again with a check",
        (
            Draft(
                "inspect",
                f"Read what changed in {case.change}{green}, and which of it touches what the cited lines name"
                f"{case.where}.",
                "The commit behind it is known, or the halves of the range to try.",
                15,
                (),
                "high",
                (0,),
            ),
            Draft(
                "change",
                f"Undo that commit of {case.change} on a branch of its own; if none stands out, try halves of it.",
                f"{what} passes on the branch.",
                15,
                (0,),
                "high",
            ),
            Draft("verify", f"Run {case.rerun}.", "The failure is gone.", 10, (1,), "high", runs=1),
            Draft(
                "prevent",
                "Make the change again on another branch, with a test that fails as the cited lines do.",
                "The test passes with the change in its new form.",
                60,
                (2,),
            ),
        ),
        "Later commits may build on the one that is undone.",
        "Undo them with it, the latest first, or keep the interface and undo what is behind it.",
        "Leave the range as it is and mend the failure by the method of its class.",
    )
