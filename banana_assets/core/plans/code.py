"""Recipes for failures whose cause is in the code: tests, compilers, types, linters, syntax, crashes."""

from __future__ import annotations

from collections.abc import Sequence

from banana_assets.core.codebase.names import is_test
from banana_assets.core.plans.case import Case, listed, test_command
from banana_assets.core.plans.drafts import Draft, Recipe
from banana_assets.core.plans.improvements import flaky


def _says(case: Case, kind: str) -> str:
    found = case.facts.first(kind) or case.facts.first("error")
    shown = found.replace("`", "'") if found else ""
    return f" (`{shown}`)" if shown else ""


def _at(places: Sequence[str]) -> str:
    return f" at {listed(places)}" if places else ""


def test_failure(case: Case) -> Recipe:
    """Run the failing test alone, decide whether test or code is wrong, change it."""
    if case.by_chance:
        return flaky(listed(case.failing_tests), case.by_chance)
    tests = listed(case.failing_tests) or "the failing test"
    command = test_command(case)
    run = f"`{command}`" if command else f"{tests} alone, as {case.rerun} does"
    claim = _says(case, "assertion")
    raised, where = listed(case.raised), case.facts.where
    expected = [place for place in case.facts.locations if is_test(place.rpartition(":")[0])]
    looks = (
        f"Read {raised}, which raised it, against what is expected{_at(expected)}"
        if raised
        else f"Compare what {tests} asserts{case.where} with what the code does"
    )
    steps = [
        Draft("reproduce", f"Run {run}.", f"It fails as in the log{claim}.", 10, (), "high", (0,)),
        Draft(
            "inspect",
            f"{looks}, and read what changed there since {case.place} was last green.",
            f"It is known whether the {'expectation' if raised else 'assertion'} or the code is wrong.",
            20,
            (0,),
            "high",
            (0, 1),
        ),
    ]
    # Two steps, so that the code is left to correct where the tests may not be touched.
    if expected and (raised or where in expected):
        passes = f"The {'test passes' if len(case.failing_tests) < 2 else 'tests pass'} alone."
        code = f"Correct {raised}, which raised it" if raised else "Correct the code under test"
        what = "expectation" if raised else "assertion"
        steps += [
            Draft("change", f"{code}, unless what is expected changed.", passes, 30, (1,), "high"),
            Draft("change", f"If that changed, correct the {what}{_at(expected)} instead.", passes, 15, (1,)),
        ]
    else:
        at = f" at {raised}" if raised else case.where
        steps.append(
            Draft("change", f"Correct the side that is wrong{at}.", f"{tests} passes alone.", 30, (1,), "high")
        )
    changes = tuple(n for n, step in enumerate(steps) if step.type == "change")
    if case.builds > 1:
        steps.append(
            Draft(
                "inspect",
                f"Look at the {case.builds} builds with this failure for what they share (branch, runner, time).",
                "It is known whether the failure depends on the code alone.",
                15,
                (0,),
            )
        )
    steps.append(
        Draft(
            "verify",
            f"Run the whole suite of {case.place} twice.",
            "Both runs pass, so that order and time play no part.",
            15,
            (*changes, *range(changes[-1] + 1, len(steps))),
            "high",
            runs=2,
        )
    )
    return Recipe(
        f"Reproduce {tests} alone, then correct {raised}"
        if raised
        else f"Reproduce {tests} alone, then correct what its assertion contradicts",
        tuple(steps),
        "Changing the assertion to fit the code hides a defect.",
        "Keep it unless the specification changed, and say which change in the commit.",
        "Undo the change that the test began to fail with, and ask its author.",
    )


def _located(case: Case, what: str, tool: str, *, first: bool) -> tuple[Draft, ...]:
    places = listed(case.facts.locations) or "the cited lines"
    change = f"Correct {f'`{case.facts.where}`' if first and case.facts.where else places}."
    if case.foreign:
        change = (
            f"Correct how the project uses what holds `{case.foreign}`, or take another version of it: the file is "
            "none of the project's."
        )
    return (
        Draft(
            "inspect",
            f"Read {places}: {what}{_says(case, 'error')}.",
            "The statement at fault is known.",
            10,
            (),
            "high",
            (0,),
        ),
        Draft("change", change, f"{tool} no longer reports it there.", 20, (0,), "high", (1,)),
    )


def compile_error(case: Case) -> Recipe:
    """Correct the first error; later ones often follow from it."""
    tool = case.tool or "the compiler"
    code = case.fact("code", "the first error")
    steps = (
        *_located(case, f"{tool} stops with {code}", tool, first=True),
        Draft(
            "verify",
            f"Build again with {case.rerun}; take up errors that remain from the first on.",
            "It compiles; errors that only followed from the first are gone.",
            10,
            (1,),
            "high",
            runs=1,
        ),
    )
    return Recipe(
        f"Correct the first error of {tool}{case.where}; the ones after it often follow from it",
        steps,
        "The same error may come from a changed dependency or compiler.",
        "Compare their versions with the last green build before changing code that did not change.",
        "Pin compiler and dependencies to the versions of the last green build, and take the update up by itself.",
    )


def type_error(case: Case) -> Recipe:
    """Correct the types, not the checker's settings."""
    tool = case.tool or "the type checker"
    code = case.fact("code", "a type error")
    steps = (
        *_located(case, f"{tool} reports {code}", tool, first=False),
        Draft(
            "verify",
            f"Run {tool} on {case.file or 'the whole project'}, then {case.rerun}.",
            "No finding is left and none is new.",
            5,
            (1,),
            "high",
            runs=1,
        ),
    )
    return Recipe(
        f"Make the types agree{case.where}",
        steps,
        "A cast or an ignore comment silences the checker and keeps the defect.",
        "Allow neither without a reason beside it.",
        "Go back to the declaration of the last green build, and change those who use it one by one.",
    )


def lint_error(case: Case) -> Recipe:
    """Let the tool mend what it can, the rest by hand."""
    tool = case.tool or "the linter"
    codes = listed(case.facts.named.get("code", ())) or "the findings"
    fixers = {
        "ruff": "ruff check --fix",
        "eslint": "npx eslint --fix",
        "black": "black",
        "prettier": "npx prettier --write",
        "gofmt": "gofmt -w",
        "rustfmt": "cargo fmt",
        "clippy": "cargo clippy --fix",
        "isort": "isort",
        "rubocop": "bundle exec rubocop -a",
        "standard": "npx standard --fix",
    }
    fixer = next((f for name, f in fixers.items() if name in tool.lower()), None)
    target = case.file or "the named files"
    first = f"Run `{fixer} {target}`" if fixer and case.file else f"Resolve {codes} in {target}"
    steps = (
        Draft(
            "change",
            f"{first}{case.where if not case.file else ''}.",
            f"{tool} no longer reports {codes}.",
            10,
            (),
            "high",
            (0, 1),
        ),
        Draft("verify", f"Run {tool} as {case.rerun} does.", "It ends without findings.", 5, (0,), "high", runs=1),
        Draft(
            "prevent",
            f"Run {tool} before a commit with the version that {case.place} uses.",
            "Findings appear before the push.",
            15,
            (1,),
            "low",
        ),
    )
    return Recipe(
        f"Resolve {codes} of {tool}",
        steps,
        "Automatic fixes may change behaviour.",
        "Read the difference, and run the tests before it is merged.",
        "Restore the file and resolve the findings by hand, one rule at a time.",
    )


def syntax_error(case: Case) -> Recipe:
    """The parser stops at or after the mistake."""
    places = f"`{case.facts.where}`" if case.facts.where else "the cited line"
    steps = (
        Draft(
            "inspect",
            f"Read {places} and the lines just before{_says(case, 'error')}; a parser stops at or after the mistake.",
            "The character or word at fault is known.",
            5,
            (),
            "high",
            (0,),
        ),
        Draft("change", f"Correct {places}.", "The file parses.", 5, (0,), "high"),
        Draft("verify", f"Run {case.rerun}.", "It gets past the place where it stopped.", 10, (1,), "high", runs=1),
    )
    return Recipe(
        f"Correct the syntax{case.where}",
        steps,
        "Syntax that only a newer version of the language accepts may be the cause.",
        "Compare the versions with those of the last green build first.",
        "Take the file from the last green commit and make the change again in small parts.",
    )


def crash(case: Case) -> Recipe:
    """Catch the crash with a stack, then shrink it."""
    signal = case.fact("signal", f"exit status {case.exit_code}" if case.exit_code is not None else "an abnormal end")
    what = case.program or case.fact("process", "the process")
    steps = (
        Draft(
            "reproduce",
            f"Run {case.rerun} until {what} ends with {signal}, with core dumps or stack traces on.",
            "A stack of the crash is there.",
            30,
            (),
            "high",
            (0,),
            runs=1,
        ),
        Draft(
            "inspect",
            f"Read the stack{case.where} from the innermost frame of the project's own code.",
            "The operation that crashes is known.",
            45,
            (0,),
            "high",
            (1,),
        ),
        Draft(
            "inspect",
            "Compare versions of compiler, runtime and native libraries with the last green build.",
            "It is known whether the code or its surroundings changed.",
            20,
        ),
        Draft(
            "change",
            f"Correct the operation{case.where}, or go back to the version before.",
            f"{what} no longer ends with {signal}.",
            60,
            (1, 2),
            "high",
        ),
        Draft("verify", f"Run {case.rerun} five times.", "All end normally.", 20, (3,), "high", runs=5),
    )
    return Recipe(
        f"Catch {signal} of {what} with a stack and correct what it shows",
        steps,
        "A crash that depends on timing can stay away in five runs and return.",
        "Keep core dumps on for the next builds.",
        "Go back to the compiler, runtime and native libraries of the last green build.",
    )
