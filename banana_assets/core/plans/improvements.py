"""Recipes for advice that is about no single failure: slow jobs, queues, load, limits, patterns, flaky tests."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.plans.drafts import Draft, Recipe


def recipe_for(recommendation: dict[str, Any], predictions: pl.DataFrame) -> Recipe | None:
    """The steps for a row of OPTIMIZATION_RECOMMENDATIONS, by what its subject is; None where there are none."""
    kind, _, about = recommendation["subject"].partition(" ")
    shown = [e["fact"] for e in recommendation["evidence"]]
    if kind == "flaky":
        return flaky(about.removeprefix("test "), shown[0])
    if kind == "slow_step":
        return _slow_test(about, shown) if " test " in about else _slow(about, shown)
    if kind == "critical_path":
        return _path(about, shown)
    if kind == "failure_rate":
        return _failing(about, shown)
    if kind == "queue":
        return _queue(about, shown)
    if kind == "resource_limit":
        return _limit(about, shown, predictions)
    if kind == "hot_hour":
        return _hot(about, shown)
    if kind in ("pattern", "pattern_rate"):
        return _pattern(about, shown)
    return None


def flaky(test: str, shown: str) -> Recipe:
    """Find what a test depends on besides the code; ``shown`` tells how often it fails by chance."""
    return Recipe(
        f"Find what {test} depends on besides the code, then remove it",
        (
            Draft(
                "reproduce",
                f"Run {test} fifty times alone, and fifty times in random order with its file.",
                f"It fails at least once ({shown}).",
                30,
                (),
                "high",
                (0,),
            ),
            Draft(
                "inspect",
                "Read what differs in the failing runs: clock, random seed, order, network, shared files, threads.",
                "The dependency is known.",
                45,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "Fix the seed or clock, wait for a condition and not for a time, give the test its own "
                "files and ports: whichever the failing runs show.",
                "Fifty runs of both kinds pass.",
                60,
                (1,),
                "high",
            ),
            Draft("verify", "Watch the next twenty builds.", f"None needs {test} a second time.", 10, (2,)),
        ),
        "A retry hides the test and a defect that it may show.",
        "Retry only while somebody works on it, with a day on which that ends.",
        "Put it in quarantine with `banana flaky quarantine`, which ends by itself.",
    )


def _slow(subject: str, shown: list[str]) -> Recipe:
    facts = "; ".join(shown[1:3]) or shown[0]
    return Recipe(
        f"Compare a fast and a slow run of {subject}, step by step",
        (
            Draft(
                "measure",
                f"Set the times of the steps of {subject} side by side: {facts}.",
                "The step that grew is known.",
                20,
                (),
                "high",
                (0,),
            ),
            Draft(
                "inspect",
                "Read the commits, dependency and cache changes between the last fast and first slow run.",
                "The change that costs the time is known.",
                30,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "Undo or repair that change: restore a cache, split the step, run its parts side by side.",
                "The step takes its former time again.",
                60,
                (1,),
                "high",
            ),
            Draft("verify", f"Run {subject} five times.", "The median is back at the baseline.", 20, (2,)),
        ),
        "Time that comes from more tests is no defect.",
        "Ask what the added time buys before taking it away.",
        "Split the job in two that run side by side.",
    )


def _slow_test(subject: str, shown: list[str]) -> Recipe:
    name = subject.rpartition(" test ")[2]
    return Recipe(
        f"See what {name} waits for, then shorten it or take it off the critical path",
        (
            Draft(
                "measure",
                f"Run {name} alone under a profiler ({shown[-1]}).",
                "It is known where its time goes.",
                20,
                (),
                "high",
                (0,),
            ),
            Draft(
                "change",
                "Replace sleeps by conditions, share costly set-up between tests, shrink its data.",
                "It takes a fraction of its time and asserts the same.",
                60,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "If it must take that long, run it in a job of its own beside the others.",
                "The other tests no longer wait for it.",
                30,
                (0,),
            ),
            Draft(
                "verify",
                "Compare the time of all tests of ten builds after with ten before.",
                "It fell by what the test took.",
                10,
                (1, 2),
            ),
        ),
        "A faster test that checks less is no gain.",
        "Compare what it asserts before and after.",
        "Run it on a schedule beside the builds that people wait for.",
    )


def _path(subject: str, shown: list[str]) -> Recipe:
    return Recipe(
        f"Shorten {subject}, which the end of each run waits for, until another job is the longest",
        (
            Draft(
                "measure",
                f"Set the times of the steps of {subject} side by side ({shown[1]}).",
                "It is known which steps take its time, and which of them need each other.",
                20,
                (),
                "high",
                (0,),
            ),
            Draft(
                "change",
                "Move steps that need nothing of the others to a job that runs beside it, or split its tests in two.",
                "Both parts end before the job did.",
                60,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "Restore what it makes again in every run from a cache: dependencies, compiled parts, images.",
                "A second run of the same commit takes a fraction of the first.",
                45,
                (0,),
            ),
            Draft("verify", "Compare the time of ten runs after with ten before.", "Runs end earlier.", 10, (1, 2)),
        ),
        "Time is saved only until the next longest job decides.",
        "Look at the second longest job before beginning.",
        "Start the job earlier: take away what it waits for without needing it.",
    )


def _failing(subject: str, shown: list[str]) -> Recipe:
    return Recipe(
        f"Tell the failures of {subject} since then apart, then mend the most frequent one",
        (
            Draft(
                "inspect",
                f"List the failures of {subject} since then with `banana builds` ({shown[1]}).",
                "It is known which failure is new and how often each comes.",
                15,
                (),
                "high",
                (0,),
            ),
            Draft(
                "inspect",
                "Read the commits, dependencies and runner images that changed just before the first of them.",
                "The change behind it is known, or that it fails by chance.",
                30,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "Undo or repair that change.",
                "The new failure does not come in five builds.",
                60,
                (1,),
                "high",
            ),
            Draft("verify", "Compare the failure rate of twenty builds after with before.", "It fell.", 10, (2,)),
        ),
        "A retry lowers the rate and hides what fails.",
        "Count builds that passed only when tried again as failures.",
        "Go back to the last commit of the time before the rate rose, and come forward by halves.",
    )


def _queue(subject: str, shown: list[str]) -> Recipe:
    return Recipe(
        f"Shorten the queue of {subject} at its cause: too many builds at once, or too few runners",
        (
            Draft(
                "measure",
                f"Plot the waits of {subject} by hour ({shown[0]}).",
                "It is known whether it waits always or at some hours.",
                15,
                (),
                "high",
            ),
            Draft(
                "change",
                "If at some hours: move scheduled builds away from them and cancel builds that newer commits overtake.",
                "The longest waits are gone.",
                30,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "If always: add runners until the median wait is under a tenth of the run time.",
                "The median wait is under a tenth of the run time.",
                60,
                (0,),
            ),
            Draft("verify", "Compare the median wait of a week with the one before.", "It fell.", 10, (1, 2)),
        ),
        "More runners move the queue to what they share: registries, databases, licences.",
        "Watch the load of what they share while adding them one by one.",
        "Let builds that people wait for go first.",
    )


def _limit(subject: str, shown: list[str], predictions: pl.DataFrame) -> Recipe:
    source, _, metric = subject.partition(": ")
    ahead = predictions.filter((pl.col("source") == source) & (pl.col("metric") == metric)).sort("hi80", "ts")
    when = ""
    if ahead.height:
        peak = ahead.row(-1, named=True)
        when = f" The forecast is highest at {peak['ts']:%F %H:%M} UTC: {peak['predicted_usage']:.3g} %, "
        when += f"80 % interval {peak['lo80']:.3g} to {peak['hi80']:.3g} %."
    return Recipe(
        f"Find what uses {metric} on {source}, then lower it or raise the limit by measure",
        (
            Draft(
                "measure",
                f"Read which processes use {metric} on {source} when it is highest ({shown[0]}).{when}",
                "The largest users are known.",
                20,
                (),
                "high",
            ),
            Draft(
                "change",
                "Stop, move or limit the largest user that need not run then.",
                f"{metric} stays under 85 %.",
                45,
                (0,),
                "high",
            ),
            Draft(
                "change",
                f"If all are needed, raise the limit of {source} so that the present peak is at 70 % of it.",
                "The present peak is at 70 % of the new limit.",
                60,
                (0,),
            ),
            Draft("verify", "Read the 95th percentile of the next full day.", "It is under 85 %.", 10, (1, 2)),
        ),
        "A limit that is raised without knowing the user is reached again.",
        "Write down the largest user and its share before raising it.",
        "Move the largest user to another host for as long as it takes to find out.",
    )


def _hot(subject: str, shown: list[str]) -> Recipe:
    return Recipe(
        f"Find what starts {subject}, then spread it",
        (
            Draft(
                "inspect",
                f"List the schedules that start in or just before that hour ({shown[0]}).",
                "What starts then is known.",
                20,
                (),
                "high",
                (0,),
            ),
            Draft(
                "change",
                "Shift the ones that nobody waits for to the emptiest hours, each by another number of minutes.",
                "The hour's rate is under three times that of the others.",
                30,
                (0,),
            ),
            Draft(
                "verify", "Compare three days after with three before.", "The peak is gone and none is new.", 10, (1,)
            ),
        ),
        "A job that another one waits for delays it when it is moved.",
        "List what reads its results before moving it.",
        "Limit how many of them run at once instead of moving them.",
    )


def _pattern(subject: str, shown: list[str]) -> Recipe:
    return Recipe(
        "Go from the pattern's lines to what writes them, then to what changed",
        (
            Draft(
                "inspect",
                f"Read the lines around the examples: {shown[1] if len(shown) > 1 else shown[0]}",
                "The component that writes it and its circumstances are known.",
                20,
                (),
                "high",
                (0,),
            ),
            Draft(
                "inspect",
                f"Compare deployments and configuration with the time it began or rose ({shown[0]}).",
                "The change behind it is known, or that there is none.",
                30,
                (0,),
                "high",
            ),
            Draft(
                "change",
                "Repair the cause; if the message is harmless, lower its level where it is written.",
                "The pattern's rate falls to what it was.",
                60,
                (1,),
            ),
            Draft("verify", "Compare its rate a day later.", "It no longer stands out.", 10, (2,)),
        ),
        f"Muting pattern {subject} hides it without mending it.",
        "Mute it only with a day on which that ends (`banana patterns mute`).",
        "Go back to the version before it began or rose.",
    )
