"""Which query a question means: all of its words must be accounted for, or it is not answered."""

# ruff: noqa: E501 - a sentence or a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from banana_assets.core.ask import around, failures, speed
from banana_assets.core.ask.naming import Known, named
from banana_assets.core.ask.types import Named, Query, Understood

BUILDS_FILL = (
    "`banana ingest builds PATH` brings in builds with their logs and reports, `banana record -- COMMAND` makes one"
)
LOGS_FILL = "`banana ingest logs PATH` brings in logs"
SERIES_FILL = "`banana ingest resources PATH` or `banana watch` brings in readings"
PLANS_FILL = "`banana materialize` makes plans for failed builds"


def _words(*told: str) -> frozenset[str]:
    return frozenset(word for text in told for word in text.split())


_FAIL = "fail break red failure wrong die"
_BUILD = "build run ci pipeline job workflow"
_WHY = "why cause reason explain diagnose wrong"
_MOST = "often most common frequent top main usual typical frequently commonly usually biggest"
_LAST = "last latest recent newest current recently"
_SLOW = "slow slowest slowly longest expensive"
_SAY = "happen problem issue error log say thing kind type because due"
_WHERE = "jobs branch branches"

QUERIES: tuple[Query, ...] = (
    Query("why_failed", "why a build failed: the one named, else the latest that failed",
          (_words(_WHY, "happen"), _words(_FAIL, _BUILD, "@build", "error")),
          _words(_FAIL, _BUILD, _LAST, _SAY, _WHERE, "first end go"),
          _words("build jobs branch span category status"), ("builds", "build_failures", "failure_clusters"), BUILDS_FILL, failures.why_failed),
    Query("fails_most", "which failures the most builds have",
          (_words(_MOST, "cause @limit"), _words(_FAIL, "cause reason problem error")),
          _words(_FAIL, _BUILD, _MOST, _SAY, "cause reason our"),
          _words("jobs branch span category limit status"), ("builds", "build_failures", "failure_clusters"), BUILDS_FILL, failures.fails_most),
    Query("counted", "how many builds ended so, and their share",
          (_words("@count number rate share percent percentage ratio fraction total"), _words(_BUILD, "fail failure pass green red success succeed cancel @status @category")),
          _words(_FAIL, _BUILD, _SAY, "pass green success succeed cancel abort finish total there queue wait unsuccessful count often"),
          _words("jobs branch span category status"), ("builds", "build_failures"), BUILDS_FILL, failures.counted),
    Query("listed", "which builds are like that",
          (_words("which list show what any"), _words("build run"), _words("@status @span @category @branch @jobs recent latest last")),
          _words(_FAIL, _BUILD, _LAST, _SAY, "pass green success succeed cancel there abort queue wait"),
          _words("jobs branch span category status limit"), ("builds", "build_failures"), BUILDS_FILL, failures.listed),
    Query("last_green", "which build was the last green one",
          (_words("@last_green"),),
          _words(_BUILD, _LAST, "when green pass success succeed work when time"),
          _words("jobs branch span status"), ("builds",), BUILDS_FILL, failures.last_green),
    Query("last_failed", "which build failed last, and why",
          (_words("@last_failed"),), _words(_FAIL, _BUILD, _LAST, "when say"),
          _words("jobs branch category status"), ("builds", "build_failures", "failure_clusters"), BUILDS_FILL, failures.why_failed),
    Query("standing", "how a build, or the latest one, ended",
          (_words("pass green break red ok status state stand fail succeed how result finish done fine working"), _words(_LAST, "@build @branch @jobs now build ci everything")),
          _words(_BUILD, _LAST, "when pass green break red ok status state stand fail succeed result finish done now how end go everything fine working"),
          _words("build jobs branch status"), ("builds",), BUILDS_FILL, failures.standing),
    Query("ever", "whether builds ever passed or failed",
          (_words("@ever"), _words("pass green succeed success fail break red work cancel")),
          _words(_FAIL, _BUILD, "pass green success succeed work cancel"),
          _words("jobs branch span category status"), ("builds", "build_failures"), BUILDS_FILL, failures.ever),
    Query("changed", "between which commits a failure began",
          (_words("change commit introduce culprit difference diff blame"),),
          _words(_FAIL, _BUILD, _LAST, _SAY, "when change commit introduce culprit difference diff blame green pass success start cause between since first bad"),
          _words("build jobs branch span status"), ("builds", "failure_clusters"), BUILDS_FILL, failures.changed),
    Query("seen_before", "whether a build's failure was there before it",
          (_words("before new known again first earlier already"), _words("@build")),
          _words(_FAIL, _BUILD, _SAY, "when before new known again first earlier already see time"),
          _words("build status"), ("builds", "build_failures", "failure_clusters"), BUILDS_FILL, failures.seen_before),
    Query("new_failures", "which failures were not there before",
          (_words("new"), _words("fail failure")),
          _words(_FAIL, _BUILD, _SAY, "when new appear see"), _words("span limit status"), ("failure_clusters",), BUILDS_FILL, failures.new_failures),
    Query("open_failures", "which failures are not mended",
          (_words("open unresolved still unfixed remaining outstanding current broken break"), _words("fail failure problem break issue")),
          _words(_FAIL, _BUILD, _SAY, "open unresolved still unfixed remaining outstanding current"),
          _words("jobs branch limit status"), ("failure_clusters",), BUILDS_FILL, failures.open_failures),
    Query("flaky", "which tests fail by chance",
          (_words("flaky flake flakiness unreliable intermittent randomly chance flakiest sometimes"),),
          _words(_FAIL, _MOST, "flaky flake flakiness unreliable intermittent randomly chance test flakiest sometimes suite"),
          _words("jobs tests limit status"), ("flaky_tests",), BUILDS_FILL, speed.flaky),
    Query("failing_tests", "which tests fail",
          (_words("test"), _words("fail break red")),
          _words(_FAIL, _MOST, "test still now current currently"), _words("jobs limit status"), ("test_history",), BUILDS_FILL, speed.failing_tests),
    Query("test_story", "how one test has done",
          (_words("@tests"),), _words(_FAIL, _LAST, _WHY, "test pass since when often many time history run green broken how first start long"),
          _words("tests status"), ("test_history",), BUILDS_FILL, speed.test_story),
    Query("slow_tests", "which tests take longest",
          (_words("test"), _words(_SLOW, "long take")), _words(_SLOW, _MOST, "test take long time run suite"),
          _words("jobs limit"), ("test_history",), BUILDS_FILL, speed.slow_tests),
    Query("slow_steps", "which steps take longest",
          (_words("step stage"), _words(_SLOW, "time long take most")), _words(_SLOW, _MOST, _BUILD, "step stage take long time spend"),
          _words("jobs branch span limit"), ("builds", "build_steps"), BUILDS_FILL, speed.slow_steps),
    Query("slow_jobs", "how long jobs take",
          (_words(_SLOW, "long duration take"), _words(_BUILD, "@jobs")),
          _words(_SLOW, _BUILD, _MOST, "take long duration time average median usually typically"),
          _words("jobs branch span limit"), ("builds",), BUILDS_FILL, speed.slow_jobs),
    Query("slower", "whether jobs have become slower or faster",
          (_words("slower slow faster quicker longer speed performance"), _words("get become go @jobs build ci pipeline job slower faster longer")),
          _words(_BUILD, "when slower slow faster quicker longer speed performance get become go take than over time change"),
          _words("jobs span"), ("build_changes",), BUILDS_FILL, speed.slower),
    Query("when_full", "when a resource crosses 90 % of its limit",
          (_words("full exhaust fill limit enough out run soon"), _words("@resource space")),
          _words("full exhaust fill limit enough out run when will disk disks memory cpu space storage ram network get be soon up before processor long until"),
          _words("resource source span"), ("resource_usage_predictions",), SERIES_FILL, around.when_full),
    Query("usage", "how much of a resource was used, and its peak",
          (_words("use usage peak much high highest busy consumption load need used utilization utilisation free"), _words("@resource")),
          _words("use usage peak much high highest busy consumption load need disk disks memory cpu space storage ram network used processor maximum average utilization utilisation host build machine"),
          _words("resource source span jobs limit"), ("resource_usage",), SERIES_FILL, around.usage),
    Query("ahead", "how much of a resource is forecast to be used",
          (_words("@ahead forecast predict prediction expect"), _words("@resource")),
          _words("use usage peak much high highest busy consumption load need disk disks memory cpu space storage ram network processor maximum utilization utilisation host machine forecast predict prediction expect be will go"),
          _words("resource source span limit"), ("resource_usage_predictions",), SERIES_FILL, around.ahead),
    Query("new_patterns", "which log patterns were not there before",
          (_words("new unseen appear first emerge"), _words("pattern error message log line warning")),
          _words("when new unseen appear first emerge pattern error message log line warning see since start kind"),
          _words("span source severity limit"), ("log_patterns",), LOGS_FILL, around.new_patterns),
    Query("top_patterns", "which log patterns ask most for attention",
          (_words(_MOST, "worst severe critical pattern @severity noisy loudest"), _words("pattern error message log line warning")),
          _words(_MOST, "worst severe critical pattern error message log line warning noisy loudest see happen"),
          _words("span source severity limit"), ("log_patterns",), LOGS_FILL, around.top_patterns),
    Query("similar", "whether something like it was seen, and what helped",
          (_words("@like"),), _words(_FAIL, "see similar like before known happen error ever already know help fix solve anything something this search find line failure"),
          _words("like limit status span source severity"), ("planning_index",), PLANS_FILL, around.similar),
    Query("health", "how healthy the pipelines are",
          (_words("health healthy score"),), _words(_BUILD, "health healthy score how good"), _words("jobs"), ("build_health",), BUILDS_FILL, around.health),
    Query("anomalies", "which readings stood out",
          (_words("anomaly unusual odd strange outlier spike abnormal weird"),),
          _words("when anomaly unusual odd strange outlier spike abnormal weird metric reading happen anything usage disk memory cpu network value number behave behaviour"),
          _words("span source resource limit"), ("metric_anomalies",), SERIES_FILL, around.anomalies),
    Query("bottlenecks", "what holds things up",
          (_words("bottleneck hold block slow"), _words("bottleneck up us down")),
          _words(_BUILD, _MOST, "why bottleneck hold block up slow down where worst"), _words("severity limit"), ("bottlenecks",), BUILDS_FILL, around.bottlenecks),
    Query("advice", "what is worth doing",
          (_words("recommend recommendation improve optimize optimise should advice suggestion suggest worth better priority first next"), _words("recommend recommendation improve optimize optimise do advice suggestion suggest fix doing next")),
          _words(_BUILD, "recommend recommendation improve optimize optimise should advice suggestion suggest worth better priority first next do fix open doing now make"),
          _words("limit"), ("optimization_recommendations",), BUILDS_FILL, around.advice),
    Query("outcomes", "what became of plans",
          (_words("plan"), _words("work help outcome fix success succeed recur effective become happen good useful")),
          _words("plan work help outcome fix success succeed recur effective become happen actually good useful problem failure"),
          _words("status limit"), ("plan_outcomes",), PLANS_FILL, around.outcomes),
    Query("plans", "which plans there are",
          (_words("plan"),), _words(_FAIL, _BUILD, _LAST, "plan open pending make there for exist"), _words("build limit status"), ("plans", "failure_clusters"), PLANS_FILL, around.plans),
    Query("templates", "which shapes of plans worked",
          (_words("template"),), _words("template plan work best success good have"), _words("category limit status"), ("plan_templates",), PLANS_FILL, around.templates),
    Query("model_costs", "what language models cost",
          (_words("cost spend price token pay dollar money bill expense"), _words("model llm openai ai ollama gpt call token language plan")),
          _words("cost spend price token pay dollar money bill expense model llm openai ai ollama gpt call language much planning plan use total far"),
          _words("span"), ("llm_calls",), "`banana models` shows how one is set up", around.model_costs),
    Query("holdings", "what was brought in",
          (_words("data ingest store know hold"), _words("data what much build log ingest have")),
          _words("data ingest store know hold build log what much have table series bring"), frozenset(), ("builds", "log_files", "resource_rollups"), BUILDS_FILL, around.holdings),
)  # fmt: skip
"""Every question that can be answered, in words: what none of them means is not in the data."""

_STOP = _words(
    "a an the is are was were be been do does did has have had of in on at to for by with from and or there it its that these those my our we i me you your please tell show give list can could "
    "would what which where how many much any all so now still yet just about than then get got us if one ones time times ever been being s t re ve dont doesnt didnt isnt this some them they "
    "currently nowadays never today's will out up find see look there's let lets hi hello hey thanks thank since during within over per each every after before only"
)
_NORMAL = {
    "failed": "fail", "failing": "fail", "fails": "fail", "failures": "failure", "broke": "break", "broken": "break", "breaks": "break", "breaking": "break", "breakage": "break",
    "passed": "pass", "passes": "pass", "passing": "pass", "succeeded": "succeed", "succeeds": "succeed", "successful": "success", "successes": "success", "successfully": "success",
    "cancelled": "cancel", "canceled": "cancel", "aborted": "abort", "running": "run", "ran": "run", "runs": "run", "happened": "happen", "happening": "happen", "happens": "happen",
    "changed": "change", "changes": "change", "took": "take", "takes": "take", "taking": "take", "taken": "take", "became": "become", "becoming": "become", "getting": "get", "gets": "get",
    "got": "get", "seen": "see", "saw": "see", "worked": "work", "works": "work", "helped": "help", "helps": "help", "fixed": "fix", "fixes": "fix", "used": "use", "uses": "use", "using": "use",
    "spent": "spend", "spending": "spend", "paid": "pay", "made": "make", "holding": "hold", "blocking": "block", "blocked": "block", "slowing": "slow", "started": "start", "starts": "start",
    "introduced": "introduce", "caused": "cause", "causes": "cause", "causing": "cause", "finished": "finish", "ended": "end", "ends": "end", "went": "go", "going": "go", "filled": "fill",
    "appeared": "appear", "appears": "appear", "emerged": "emerge", "anomalies": "anomaly", "recommended": "recommend", "stored": "store", "ingested": "ingest", "known": "known", "stands": "stand",
    "errors": "error", "tests": "test", "times": "time", "needs": "need", "died": "die", "recurred": "recur", "improvements": "improve", "improvement": "improve", "percentages": "percentage",
    "predicted": "predict", "predicts": "predict", "predictions": "prediction", "expected": "expect", "sometimes": "sometimes", "queued": "queue", "waiting": "wait", "suggested": "suggest", "explained": "explain",
}  # fmt: skip
_NOT_PLURAL = frozenset("is was this does has its us status less pass success bus ci gpus".split())  # noqa: SIM905
OFTEN = frozenset({"status", "resource"})
"""Read from words that mean other things as well, so that a query need not take them."""
_HOW_MANY = re.compile(r"\bhow (?:many|often)\b|\bnumber of\b|\bcount\b", re.IGNORECASE)
_LAST_GREEN = re.compile(
    r"\b(?:last|latest|most recent)\b.{0,20}\b(?:green|success\w*|pass\w*|succeed\w*|work\w*)\b", re.IGNORECASE
)
_LAST_FAILED = re.compile(
    r"^\W*(?:when|which|what|show)\b.{0,40}\b(?:last|latest|most recent)\b.{0,20}\bfail\w*", re.IGNORECASE
)
_EVER = re.compile(r"\b(?:ever|never|at least once)\b", re.IGNORECASE)
_AHEAD = re.compile(r"\b(?:will|going to|tomorrow|next (?:\w+ )?(?:minute|hour|day|week|month)s?)\b", re.IGNORECASE)
PHRASES = frozenset({"@count", "@last_green", "@last_failed", "@ever"})
_YES_OR_NO = re.compile(r"^\W*(?:did|is|was|has|have|are|were|does|do|can|will)\b", re.IGNORECASE)
ELSEWHERE: tuple[tuple[str, str], ...] = (
    (r"\bcoverage\b", "coverage reports are not read; test reports are"),
    (r"\b(?:deploy\w*|rollout|production|releases?d?)\b", "deployments are not read; a deploy job is, when it is ingested as a build"),
    (r"\b(?:who|whom|whose|author|developer|on call|on-call|owner|team)\b", "people are not in the data; `git log` of the commits named by a build tells who wrote them"),
    (r"\b(?:pull requests?|prs?|reviews?|issues?|tickets?|merge requests?)\b", "pull requests and issues are not read"),
    (r"\b(?:vulnerabilit\w+|cves?|security)\b", "security findings are read only from SARIF reports of builds"),
    (r"\b(?:aws|cloud|azure|gcp|invoice|billing|electricity)\b", "bills are not read; only calls of language models have a cost"),
    (r"\b(?:users?|customers?|visitors?|revenue|sales)\b", "users are not in the data"),
    (r"\b(?:weather|stock|news|joke|poem|president|capital of)\b", "only builds, logs, resources and plans are in the data"),
)  # fmt: skip
"""What people ask for that is read from nowhere, and what is there instead."""


def normal(word: str) -> str:
    """A word as the queries write it: lower case, without plural and tense."""
    low = word.lower().strip("'’")
    low = re.sub(r"['’]s$", "", low)
    if low in _NORMAL:
        return _NORMAL[low]
    if low.endswith("ies") and len(low) > 4:
        return low[:-3] + "y"
    if low.endswith("s") and not low.endswith("ss") and len(low) > 3 and low not in _NOT_PLURAL:
        return low[:-1]
    return low


def understood(question: str, known: Known) -> Understood:
    """The one query that a question means, where all of its words are accounted for; else why not."""
    names, rest = named(question, known)
    raw = [word for word in re.findall(r"[\w'’/.:#+%-]+", rest) if word.strip("'’.:/-#%")]
    words = [normal(word.strip(".:#-/%")) for word in raw]
    have = {*words, *(f"@{name}" for name in names.given()), *_phrases(question)}
    met = [q for q in QUERIES if all(group & have for group in q.needs)]
    if not met:
        return Understood(None, names, tuple(w for w in words if w not in _STOP), _nowhere(question, ()))
    left = {
        q.name: tuple(w for w in words if w not in q.may and w not in _STOP and not any(w in g for g in q.needs))
        for q in met
    }
    given = set(names.given())
    # A word that a query does not know, or a name that it cannot be narrowed by, may change what is asked.
    best = min(
        met, key=lambda q: (len(left[q.name]) + 2 * len(given - q.takes - OFTEN), -_certain(q, have), -len(q.needs))
    )
    if left[best.name]:
        return Understood(None, names, left[best.name], _nowhere(question, left[best.name]))
    if extra := sorted(given - best.takes - OFTEN):
        told = ", ".join(str(names.given()[name]) if name != "span" else names.span.words for name in extra if names)  # type: ignore[union-attr]
        return Understood(None, names, tuple(extra), f"The data tell {best.says}, and not narrowed to {told}.")
    return Understood(best, names)


def _certain(query: Query, have: set[str]) -> int:
    """How sure its needs are met: by several words together most, then by what is named."""
    told = [{word for word in group & have if word.startswith("@")} for group in query.needs]
    return sum(3 if words & PHRASES else 1 for words in told if words)


def _phrases(question: str) -> Iterator[str]:
    """What several words mean together."""
    if _HOW_MANY.search(question):
        yield "@count"
    if _EVER.search(question):
        yield "@ever"
    if _AHEAD.search(question):
        yield "@ahead"
    if _LAST_FAILED.search(question):
        yield "@last_failed"
    if _LAST_GREEN.search(question) and not _YES_OR_NO.search(question):
        yield "@last_green"


def _nowhere(question: str, unused: Sequence[str]) -> str:
    for pattern, instead in ELSEWHERE:
        if re.search(pattern, question, re.IGNORECASE):
            return f"That is not in the data: {instead}."
    if unused:
        return f"That is not in the data: nothing in it is known as {', '.join(repr(w) for w in unused[:4])}."
    return "That is not in the data, or not in words that are understood here."


def query(name: str) -> Query:
    """The query of that name. Raises KeyError for any other."""
    return {q.name: q for q in QUERIES}[name]


def taken(names: Named, of: Query) -> Named:
    """What is named, without what the query cannot be narrowed by."""
    return Named(**{name: value for name, value in names.given().items() if name in of.takes})  # type: ignore[arg-type]
