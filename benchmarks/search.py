"""Search: is the failure that is meant found first, by words, by meaning, and by both?

The index holds what `banana demo` found in its recorded samples (patterns, failures, series, plans). Three questions a
failed build, each for the failure it belongs to; a plan that answers this very failure counts too:

  log     its whole log as another run on another machine would have written it: other times, numbers, ids and folders
  line    the first line of that log's cause, as somebody pastes it
  words   a sentence of somebody who remembers the failure, not the log (one a failure, written before measuring)

`--more FOLDER` adds each failed build log found there as one more failure, asked for by its log and line: more that is
alike stands in the way. A fingerprint is not used, with which the very same failure is found without any search.

    banana demo --home HOME && .venv/bin/python benchmarks/search.py --home HOME [--more FOLDER] [--seed 1]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import polars as pl

from banana_assets.backends.search import Search, open_search
from banana_assets.backends.search.collecting import collect
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.diagnosis import Diagnosis, diagnose
from banana_assets.core.search.documents import of_failures
from banana_assets.core.search.types import Document, Filters
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, FAILURE_CLUSTERS, PLAN_OUTCOMES, PLANS

WORDS = {
    "web-check-165": "misspelt option in the TypeScript configuration",
    "pricing-test-173": "Rust tests of the price tiers fail",
    "release-publish-119": "not allowed to overwrite the released archive",
    "release-publish-95": "the artifact server cannot be reached",
    "invoice-build-139": "Java assertion about invoices fails",
    "api-test-187": "coupon tests: order total is too small",
    "pricing-test-110": "ownership mistake in Rust, value used after it was moved",
    "imaging-build-98": "C program crashes with a segfault in its test",
    "web-test-50": "JavaScript tests of the delivery date cannot start",
    "api-lint-104": "import that nobody uses",
    "api-test-63": "yaml library is not installed for Python",
    "web-check-49": "dayjs is missing in the front end",
    "web-check-77": "TypeScript: string where a number is wanted",
    "pricing-test-26": "wrong type in Rust code",
    "api-test-31": "discount for VIP is off by one",
    "web-check-145": "linter does not want any as a type",
    "release-package-69": "disk full while packing",
    "api-test-130": "tests hang until they are killed",
    "invoice-build-43": "Java compiler does not know a name",
    "api-lint-158": "forgotten colon in Python",
    "api-test-159": "Python file cannot be parsed, tests are not collected",
    "api-test-71": "flaky receipt test that depends on the second",
    "web-test-123": "money is formatted wrongly",
    "release-package-153": "Python ran out of memory",
    "api-lint-87": "branch does not merge cleanly",
    "invoice-build-136": "JVM heap exhausted",
    "imaging-build-58": "C function without a return value, warnings are errors",
}

_NUMBER = re.compile(r"(?<![\w.])\d{2,}(?![\w])")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?")
_HEX = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b")
_FOLDER = re.compile(r"(?<![\w.])/(?:srv|home|usr/src|builds|tmp|root|opt)/(?:[\w.-]+/)*")


@dataclass(frozen=True)
class Question:
    """What is asked, and the documents that count as found."""

    how: str
    text: str
    wanted: frozenset[str]


def varied(text: str, draw: random.Random) -> str:
    """The log as another run on another machine writes it: the same failure, other times, numbers, ids and folders."""
    home = f"/home/{draw.choice(['runner', 'ci', 'worker'])}/work/{draw.randrange(1000)}/"
    text = _TIME.sub(lambda _: f"2027-0{draw.randrange(1, 9)}-1{draw.randrange(9)}T0{draw.randrange(9)}:12:33.5Z", text)
    text = _HEX.sub(lambda m: hashlib.sha256(f"{m[0]}{home}".encode()).hexdigest()[: len(m[0])], text)
    text = _FOLDER.sub(home, text)
    return _NUMBER.sub(lambda m: str(draw.randrange(10 ** (len(m[0]) - 1), 10 ** len(m[0]))), text)


def asked(text: str, wanted: frozenset[str], draw: random.Random) -> Iterator[Question]:
    """The questions that a log makes one ask; none where its varied form is taken for green."""
    found = diagnose(varied(text, draw).splitlines())
    lines = [line for line in found.cause_text.splitlines() if len(line.split()) > 1]
    if found.status == "success" or not lines:
        return
    yield Question("log", f"{found.category.replace('_', ' ')}\n{found.cause_text}", wanted)
    yield Question("line", lines[0], wanted)


def more_of(folder: Path, limit: int) -> Iterator[tuple[Document, str]]:
    """One document a failed log of that folder, with its text."""
    known: set[str] = set()
    for path in sorted(p for p in folder.rglob("*") if p.name.endswith((".log", ".log.gz"))):
        text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode(
            "utf-8", "replace"
        )
        found = diagnose(text.splitlines())
        if found.status == "success" or not found.cause_text.strip() or found.fingerprint in known:
            continue
        known.add(found.fingerprint)
        yield _document(found, f"more-{len(known)}"), text
        if len(known) == limit:
            return


def _document(found: Diagnosis, build: str) -> Document:
    at = pl.Series([0]).cast(pl.Datetime("us", "UTC"))[0]
    cluster = {c.name: None for c in FAILURE_CLUSTERS.columns} | {
        "cluster_id": found.fingerprint,
        "title": found.reason,
        "category": found.category,
        "tool": found.tool,
        "jobs": ["more/build"],
        "failing_tests": list(found.failing_tests),
        "cause": [{"build_id": build, "sha256": "", "first_line": 1, "last_line": 1, "quote": found.cause_text[:1500]}],
        "first_seen": at,
        "last_seen": at,
        "last_build": build,
        "state": "open",
        "recurrences": 0,
    }
    frame = pl.DataFrame([cluster], schema=FAILURE_CLUSTERS.dtypes)
    empty = (BUILD_FAILURES, BUILDS, PLANS, PLAN_OUTCOMES)
    return next(of_failures(frame, *(table.empty() for table in empty)))


def main() -> None:
    """Ask everything of one index and print the shares that were found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--more", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    draw = random.Random(told.seed)
    settings = load_from(told.home.absolute())
    lake = Tables(settings.tables_root)
    with open_store(settings) as store:
        documents = collect(store, lake)
    samples = Path(str(files("banana_assets") / "samples" / "builds"))
    questions: list[Question] = []
    plans: dict[str, list[str]] = {}
    for plan, subject in lake.read(PLANS).select("plan_id", "subject").iter_rows():
        plans.setdefault(subject, []).append(f"plan-{plan}")
    for row in lake.read(FAILURE_CLUSTERS).iter_rows(named=True):
        wanted = frozenset({f"failure-{row['cluster_id']}", *plans.get(row["cluster_id"], ())})
        for build in row["builds"]:
            questions += asked((samples / f"{build}.log").read_text("utf-8", "replace"), wanted, draw)
        if row["first_build"] in WORDS:
            questions.append(Question("words", WORDS[row["first_build"]], wanted))
    if told.more:
        for document, text in more_of(told.more, told.limit):
            documents.append(document)
            questions += asked(text, frozenset({document.document_id}), draw)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_search(settings.model_copy(update={"home": Path(folder)})) as search,
    ):
        done = search.rebuild(documents)
        print(f"{len(documents)} documents {done.documents}, indexed in {done.seconds:.1f} s; {done.mode}")
        for name, filters in (("all kinds", Filters()), ("failures", Filters(kinds=("failure",)))):
            print(f"\n{name:10} {'asked by':8} {'n':>4}  words @1   @5   meaning @1   @5   both @1   @5")
            for how in ("log", "line", "words"):
                print(row_of(search, [q for q in questions if q.how == how], how, filters))


def row_of(search: Search, questions: list[Question], how: str, filters: Filters) -> str:
    """Recall at 1 and at 5 of the three ways to search."""
    shown = f"{'':10} {how:8} {len(questions):>4} "
    for ask in (search.text, search.similar, search.search):
        began = time.process_time()
        ranks = [_rank(q, [h.document for h in ask(q.text, filters, 5)]) for q in questions]
        first, five = (sum(r is not None and r <= most for r in ranks) / len(questions) for most in (1, 5))
        shown += f"   {first:.2f} {five:.2f} ({(time.process_time() - began) / len(questions) * 1e3:.0f} ms)"
    return shown


def _rank(question: Question, found: list[Document]) -> int | None:
    """Where the failure stands among what was found."""
    for rank, document in enumerate(found, 1):
        if document.document_id in question.wanted:
            return rank
    return None


if __name__ == "__main__":
    main()
