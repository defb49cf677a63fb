"""How often the file that broke a build is the first suspect, among files that changed harmlessly.

    .venv/bin/python benchmarks/suspects.py [--trials 20] [--changed 8] [--seed 1]

Each trial is a commit upon a copy of this project's ``core`` and its tests: one module is broken as mutation testing
does (a comparison turned, a sum made a difference, a name no longer defined, a value not returned), others are edited
without harm (constants added at the end, or a line of a docstring changed). The tests of the broken module run, their
log is explained as any log is, and the files that changed are ranked. Trials in which the tests stay green count for
nothing. The references rank by the number of changed lines, and by whether the log names the file at all.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from banana_assets.backends.codebase import changed
from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.codebase.suspects import Cause

PROJECT = Path(__file__).resolve().parent.parent
TURNED = {
    "==": "!=",
    "!=": "==",
    " < ": " >= ",
    " > ": " <= ",
    " + ": " - ",
    " - ": " + ",
    " and ": " or ",
    " in ": " not in ",
}


def git(root: Path, *words: str) -> str:
    """Run git as somebody."""
    names = {f"GIT_{who}_{what}": "ada" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), **names}
    done = subprocess.run(["git", *words], cwd=root, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def broken(text: str, chance: random.Random) -> str | None:
    """The source with one thing in one function turned, or a function renamed; None where there is nothing to break."""
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef) and len(n.body) > 1]
    if not functions:
        return None
    chosen = chance.choice(functions)
    lines = text.split("\n")
    if chance.random() < 0.25:
        lines[chosen.lineno - 1] = lines[chosen.lineno - 1].replace(f"def {chosen.name}(", f"def {chosen.name}_of(")
        return "\n".join(lines)
    first = chosen.body[1].lineno - 1
    places = [
        (i, old) for i in range(first, chosen.end_lineno or first) for old in TURNED
        if old in lines[i] and not lines[i].lstrip().startswith(("#", '"', "'"))
    ]  # fmt: skip
    returns = [i for i in range(first, chosen.end_lineno or first) if lines[i].lstrip().startswith("return ")]
    if returns and (not places or chance.random() < 0.3):
        at = chance.choice(returns)
        lines[at] = lines[at].split("return ")[0] + "return None"
    elif places:
        at, old = chance.choice(places)
        lines[at] = lines[at].replace(old, TURNED[old], 1)
    else:
        return None
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        return None
    return "\n".join(lines)


def harmless(text: str, chance: random.Random, number: int) -> str:
    """The source changed so that nothing behaves otherwise."""
    extra = [f"_NOTED_{number} = {i}" for i in range(chance.randint(1, 30))]
    lines = text.rstrip("\n").split("\n")
    if chance.random() < 0.5 and lines[0].startswith('"""'):
        lines[0] = lines[0].replace('"""', '"""Here: ', 1)
        return "\n".join(lines) + "\n"
    return "\n".join([*lines, "", *extra, ""])


def tests_of(module: str, tests: list[Path], chance: random.Random) -> list[Path]:
    """At most two test files that import a module."""
    dotted = module.removesuffix(".py").replace("/", ".")
    near = [path for path in tests if dotted in path.read_text()]
    return chance.sample(near, min(2, len(near)))


def trial(root: Path, modules: list[str], tests: list[Path], chance: random.Random, n: int) -> dict[str, int] | None:
    """The place of the broken file in each order (1 the first); None where no test failed."""
    target = chance.choice(modules)
    wanted = tests_of(target, tests, chance)
    if not wanted:
        return None
    source = (root / target).read_text()
    mutated = broken(source, chance)
    if mutated is None:
        return None
    green = git(root, "rev-parse", "HEAD")
    others = chance.sample([m for m in modules if m != target], n - 1)
    for i, other in enumerate(others):
        (root / other).write_text(harmless((root / other).read_text(), chance, i))
    (root / target).write_text(mutated)
    git(root, "commit", "-aqm", "changes")
    red = git(root, "rev-parse", "HEAD")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *map(str, wanted)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    places = None
    if done.returncode not in (0, 5):
        found = diagnose(done.stdout.split("\n"), exit_code=done.returncode)
        lines = tuple(found.cause_text.split("\n"))
        cause = Cause(lines, tuple(found.pack.split("\n")), found.failing_tests, found.category, found.tool)
        told = changed(root, green, red, cause)
        churn = {f.path: (f.added or 0) + (f.removed or 0) for f in told.files}
        named = {path: path in done.stdout for path in churn}
        ranked = [suspect.path for suspect in told.suspects]
        places = {
            "suspects": ranked.index(target) + 1 if target in ranked else n,
            "changed lines": sorted(churn, key=lambda p: -churn[p]).index(target) + 1,
            "named in the log": sorted(churn, key=lambda p: (not named[p], -churn[p])).index(target) + 1,
        }
    git(root, "reset", "-q", "--hard", green)
    return places


def main() -> None:
    """Run the trials and print how often each order has the broken file first, and among the first three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--changed", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    chance = random.Random(told.seed)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "banana_assets").mkdir()
        shutil.copy(PROJECT / "banana_assets" / "__init__.py", root / "banana_assets")
        shutil.copytree(PROJECT / "banana_assets" / "core", root / "banana_assets" / "core")
        shutil.copytree(PROJECT / "tests" / "core", root / "tests" / "core")
        shutil.copy(PROJECT / "tests" / "conftest.py", root / "tests")
        (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\npythonpath = .\n")
        (root / ".gitignore").write_text("__pycache__/\n.hypothesis/\n")
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "green")
        modules = [str(p.relative_to(root)) for p in sorted((root / "banana_assets" / "core").rglob("*.py"))]
        modules = [m for m in modules if not m.endswith("__init__.py")]
        tests = [p for p in sorted((root / "tests").rglob("test_*.py")) if p.stat().st_size < 20_000]
        first: Counter[str] = Counter()
        three: Counter[str] = Counter()
        done = 0
        while done < told.trials:
            places = trial(root, modules, tests, chance, told.changed)
            if places is None:
                continue
            done += 1
            for name, place in places.items():
                first[name] += place == 1
                three[name] += place <= 3
        print(f"{done} broken builds, {told.changed} files changed in each")
        for name in ("suspects", "named in the log", "changed lines"):
            print(f"{name:18} first {first[name] / done:4.0%}   among the first three {three[name] / done:4.0%}")


if __name__ == "__main__":
    main()
