"""Checks that the work itself works, on lines that come with the program: parse, mine, diagnose, plan."""

from __future__ import annotations

from datetime import UTC, datetime

from banana_assets.backends.checkup.check import Found, Place, failed, ok
from banana_assets.core.evidence import plural

ANEW = "Install banana-assets anew: `pip install --force-reinstall banana-assets`."

LOG = tuple(
    f"2026-03-0{1 + n % 7} 10:00:{n % 60:02d},123 {'ERROR' if n % 5 == 0 else 'INFO'} shop.orders: "
    + (f"order {1000 + n} refused after {n} ms" if n % 5 == 0 else f"order {1000 + n} stored in {n} ms")
    for n in range(200)
)
TEXT = "".join(f"{line}\n" for line in LOG).encode()
BUILD = (
    "$ pip install -r requirements.txt",
    "Successfully installed pytest-8.3.2",
    "$ pytest -q",
    "==================================== ERRORS ====================================",
    "_____________________ ERROR collecting tests/test_export.py ____________________",
    "ImportError while importing test module 'tests/test_export.py'.",
    "tests/test_export.py:3: in <module>",
    "    import yaml",
    "E   ModuleNotFoundError: No module named 'yaml'",
    "=========================== short test summary info ============================",
    "ERROR tests/test_export.py",
    "1 error in 0.12s",
    "Error: Process completed with exit code 2.",
)
EXPECTED = "missing_dependency"


def parse(place: Place) -> Found:
    """The header of log lines is found."""
    from banana_assets.core.logs.header import learn_header
    from banana_assets.core.logs.textlines import split_lines

    header = learn_header(split_lines(TEXT), len(LOG))
    said = header.describe()
    if "ts (" not in said or "level (" not in said:
        return failed(f"the header of built-in lines was read as: {said}", ANEW)
    return ok(f"{len(LOG)} built-in lines, {said}")


def mine(place: Place) -> Found:
    """Their templates are found."""
    from banana_assets.core.logs.assignment import Assigner
    from banana_assets.core.logs.header import learn_header
    from banana_assets.core.logs.textlines import split_lines

    assigner = Assigner()
    assigner.header = learn_header(split_lines(TEXT), len(LOG))
    assigner.add(assigner.prepare(TEXT))
    assigner.finish()
    found = assigner.templates()
    counts = sorted(found["count"].to_list())
    if counts != [40, 160]:
        return failed(f"{plural(found.height, 'template')} of built-in lines, where two are", ANEW)
    return ok("2 templates of built-in lines")


def diagnose(place: Place) -> Found:
    """A failed build is explained."""
    from banana_assets.core.builds.diagnosis import diagnose as explained

    found = explained(BUILD)
    if found.category != EXPECTED or not any(first <= 9 <= last for first, last in found.cause):
        return failed(f"a built-in failure ({EXPECTED}) was explained as {found.category or found.status}", ANEW)
    return ok(f"a built-in failure is a {found.category.replace('_', ' ')}, in line 9")


def plan(place: Place) -> Found:
    """A plan for it is made, without a language model, and holds."""
    import polars as pl

    from banana_assets.core.builds.diagnosis import diagnose as explained
    from banana_assets.core.builds.rows import failure_row
    from banana_assets.core.plans.case import cases
    from banana_assets.core.plans.knowledge import Knowledge
    from banana_assets.core.plans.planner import failure_plan
    from banana_assets.core.plans.validation import errors, validated
    from banana_assets.core.tables import BUILD_FAILURES

    now = datetime(2026, 3, 1, tzinfo=UTC)
    row = failure_row(explained(BUILD), build_id="built-in", log_sha256="0" * 64, failed_at=now)
    failures = BUILD_FAILURES.conform(pl.DataFrame([row], schema=BUILD_FAILURES.dtypes))
    made = failure_plan(cases(Knowledge(failures=failures))[0], now)
    wrong = errors((*made.issues, *validated(made)))
    if made.status == "abstained" or wrong:
        return failed(
            f"the plan of a built-in failure does not hold: {wrong[0].message if wrong else made.reason}", ANEW
        )
    return ok(f"{plural(len(made.subtasks), 'step')}, validated, score {made.optimization_score:.2f}")
