"""Public examples of tools that cannot be had here, with what is expected of a reader; skipped where absent."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.problems import find_problems

_EXPECTED = re.compile(r"^([^|]+)\|(\d+)(?: col (\d+))?(?: \w+)*\|")


def test_places_in_examples_of_linters_and_compilers(shared: Path) -> None:
    complete, examples = 0, 0
    for told in sorted(shared.glob("data/*/*.ok")):
        example = told.with_suffix(".in")
        if not example.exists():
            continue
        rows = [_EXPECTED.match(line) for line in told.read_text("utf-8", "replace").split("\n")]
        wanted = {(m[1].strip(), int(m[2]), int(m[3]) if m[3] else None) for m in rows if m}
        if wanted:
            found = find_problems(example.read_text("utf-8", "replace").split("\n"))
            examples += 1
            complete += wanted <= {(p.file, p.line, p.column) for p in found}
    if not examples:
        pytest.skip("no such examples in the folder `shared`")
    assert complete >= 0.93 * examples


@pytest.mark.parametrize(
    ("says", "tool", "category"),
    [
        (r": error CS\d+: ", "dotnet", "compile_error"),
        (r"\) ?: (?:fatal )?error (?:C|LNK)\d+: ", "msvc", "compile_error"),
    ],
)
def test_compilers_of_windows(shared: Path, says: str, tool: str, category: str) -> None:
    line = next(_lines_like(shared, says), None)
    if line is None:
        pytest.skip("no line of that tool in the folder `shared`")
    found = diagnose(["building", line, "##[error]Process completed with exit code 1."])
    assert (found.tool, found.category, found.cause) == (tool, category, ((2, 2),))


def _lines_like(shared: Path, pattern: str) -> Iterator[str]:
    """Lines of the smaller logs, without what the CI system put before them."""
    logs = sorted((log.stat().st_size, log) for log in (shared / "data").rglob("*.gz"))
    for _, log in (row for row in logs if row[0] < 120_000):
        text = gzip.decompress(log.read_bytes())
        if re.search(pattern.encode(), text):
            for line in clean(text.decode("utf-8", "replace").split("\n")).texts:
                if len(line) < 400 and re.search(pattern, line):
                    yield line


@pytest.mark.parametrize(("mark", "least"), [("travis_fold", 0.95), ("##[group]", 0.8)], ids=["travis", "actions"])
def test_failing_steps_of_ci_systems(shared: Path, mark: str, least: float) -> None:
    """Real logs of CI systems: the step that failed is named, with its exit status."""
    named = seen = 0
    for case in sorted(shared.glob("data/*/expected.jsonl")) + sorted(shared.glob("data/*/*/case.json")):
        folder = case.parent
        logs = sorted(folder.rglob("*.gz"))[:6] if case.suffix == ".jsonl" else [folder / "raw.log.gz"]
        for log in logs:
            text = gzip.decompress(log.read_bytes()).decode("utf-8", "replace") if log.exists() else ""
            if mark not in text or len(text) > 400_000 or "exit" not in text[-4_000:]:
                continue
            found = diagnose(text.split("\n"), budget=200)
            if found.status == "failed" and found.exit_code:
                seen += 1
                named += bool(found.failing_step)
            if seen >= 6:
                break
    if not seen:
        pytest.skip("no such logs in the folder `shared`")
    assert named >= least * seen
