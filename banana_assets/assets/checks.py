"""Checks between tables, each a rule of core/consistency. What one table promises is checked where it is written."""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from banana_assets.assets.shared import markdown
from banana_assets.backends.quotes import false_citations
from banana_assets.backends.rereading import false_quotes
from banana_assets.backends.tables import Tables
from banana_assets.core import consistency as rules
from banana_assets.core.advice import soundness
from banana_assets.core.logs.standing import new_and_severe
from banana_assets.core.media import soundness as media
from banana_assets.core.plans.validation import plan_issues
from banana_assets.core.schema import Table
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    BUILD_HEALTH,
    BUILDS,
    EXECUTION_WINDOWS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_EVENTS,
    LOG_FILES,
    LOG_PATTERNS,
    LOG_SHAPES,
    MEDIA_ITEMS,
    METADATA_QUALITY,
    OPTIMIZATION_RECOMMENDATIONS,
    PLAN_OUTCOMES,
    PLAN_TEMPLATES,
    PLANS,
    QUEUE_SCHEDULES,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    SYSTEM_METRICS,
    TEST_HISTORY,
    TEST_RESULTS,
)
from resources.store import StoreResource
from resources.tables import TablesResource

Offenders = Callable[[Tables], pl.DataFrame]


def _check(
    table: Table,
    name: str,
    description: str,
    offenders: Offenders,
    *,
    others: tuple[Table, ...] = (),
    blocking: bool = False,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetChecksDefinition:
    """A check that passes when no row breaks its rule, and shows the first rows that do."""

    @dg.asset_check(
        asset=table.name,
        name=name,
        description=description,
        blocking=blocking,
        additional_deps=[other.name for other in others],
    )
    def check(tables: TablesResource) -> dg.AssetCheckResult:
        found = offenders(tables.get())
        return dg.AssetCheckResult(
            passed=found.is_empty(),
            severity=severity,
            metadata={"offenders": found.height, "rows": dg.MetadataValue.md(markdown(found, found.height))},
        )

    return check


def _quotes(table: Table) -> dg.AssetChecksDefinition:
    """A check that reads each quoted log again and compares."""

    @dg.asset_check(
        asset=table.name,
        name="quotes_stand_in_their_logs",
        description="Each quoted line is read again from the stored log, and says what is quoted.",
    )
    def check(store: StoreResource, tables: TablesResource) -> dg.AssetCheckResult:
        cited = soundness.citations(tables.get().read(table), table.key[0])
        with store.open() as opened:
            wrong = false_quotes(opened, cited)
        return dg.AssetCheckResult(
            passed=wrong.is_empty(),
            metadata={
                "read_again": cited.height,
                "offenders": wrong.height,
                "rows": dg.MetadataValue.md(markdown(wrong, wrong.height)),
            },
        )

    return check


every_line = _check(
    LOG_EVENTS,
    "every_line_is_in_one_event",
    "No line of an ingested file is lost or counted twice.",
    lambda t: rules.lines_outside_events(t.scan(LOG_FILES), t.scan(LOG_EVENTS)),
    others=(LOG_FILES,),
)
every_event = _check(
    LOG_SHAPES,
    "every_event_is_counted",
    "The counts of a file's shapes add up to its events.",
    lambda t: rules.uncounted_events(t.scan(LOG_EVENTS), t.scan(LOG_SHAPES)),
    others=(LOG_EVENTS,),
    blocking=True,
)
every_shape = _check(
    LOG_PATTERNS,
    "every_shape_is_in_one_pattern",
    "Patterns divide the shapes among them: none is dropped, none stands twice.",
    lambda t: rules.shapes_outside_patterns(t.scan(LOG_SHAPES), t.scan(LOG_PATTERNS)),
    others=(LOG_SHAPES,),
)
frequencies = _check(
    LOG_PATTERNS,
    "frequencies_add_up",
    "A pattern's frequency is the sum over its shapes.",
    lambda t: rules.miscounted_patterns(t.scan(LOG_SHAPES), t.scan(LOG_PATTERNS)),
    others=(LOG_SHAPES,),
)
no_new_severe = _check(
    LOG_PATTERNS,
    "no_new_severe_pattern",
    "No open pattern of high or critical severity is new: first arrived on the latest day, from a source known before.",
    lambda t: new_and_severe(t.scan(LOG_PATTERNS).filter("is_new").collect()),
    severity=dg.AssetCheckSeverity.WARN,
)
tests_of_builds = _check(
    TEST_RESULTS,
    "results_belong_to_builds",
    "Every test result is of a build that there is.",
    lambda t: rules.orphans(t.scan(TEST_RESULTS), t.scan(BUILDS), "build_id"),
    others=(BUILDS,),
)
explained = _check(
    BUILD_FAILURES,
    "every_failed_build_is_explained",
    "Each failed build with a log has a diagnosis.",
    lambda t: rules.unexplained_failures(t.scan(BUILDS), t.scan(BUILD_FAILURES)),
    others=(BUILDS,),
)
packs = _check(
    BUILD_FAILURES,
    "no_pack_is_empty",
    "Each diagnosis hands over at least one line of evidence.",
    lambda t: rules.empty_packs(t.scan(BUILD_FAILURES)),
)
clustered = _check(
    FAILURE_CLUSTERS,
    "every_failure_is_in_one_cluster",
    "Clusters divide the diagnosed builds that failed among them: none is dropped, none stands twice.",
    lambda t: rules.failures_outside_clusters(t.scan(BUILD_FAILURES), t.scan(BUILDS), t.scan(FAILURE_CLUSTERS)),
    others=(BUILD_FAILURES, BUILDS),
)
failure_rates = _check(
    TEST_HISTORY,
    "rates_are_within_their_intervals",
    "A failure rate lies in its Wilson interval.",
    lambda t: rules.misplaced_rates(t.scan(TEST_HISTORY), "failure_rate"),
)
flake_rates = _check(
    FLAKY_TESTS,
    "rates_are_within_their_intervals",
    "A flake rate lies in its Wilson interval.",
    lambda t: rules.misplaced_rates(t.scan(FLAKY_TESTS), "flake_rate"),
)
quarantines = _check(
    FLAKY_TESTS,
    "no_quarantine_outlives_its_expiry",
    "No test is in quarantine on the day on which that ends, or later.",
    lambda t: rules.outlived_quarantines(t.scan(FLAKY_TESTS), datetime.now(UTC).date()),
)
scores = _check(
    BUILD_HEALTH,
    "scores_add_up",
    "A score is 100 less the points of its deductions.",
    lambda t: rules.wrong_scores(t.scan(BUILD_HEALTH)),
)
evident_bottlenecks = _check(
    BOTTLENECKS,
    "nothing_without_evidence",
    "Each bottleneck names what it rests on.",
    lambda t: rules.baseless(t.scan(BOTTLENECKS), "bottleneck_id"),
)
evident_recommendations = _check(
    OPTIMIZATION_RECOMMENDATIONS,
    "nothing_without_evidence",
    "Each recommendation names what it rests on.",
    lambda t: rules.baseless(t.scan(OPTIMIZATION_RECOMMENDATIONS), "recommendation_id"),
)
evidence_rows = _check(
    OPTIMIZATION_RECOMMENDATIONS,
    "evidence_names_rows_that_there_are",
    "The builds, diagnoses, bottlenecks, patterns and tests that evidence names are in their tables.",
    lambda t: soundness.rowless_evidence(
        t.read(OPTIMIZATION_RECOMMENDATIONS),
        "recommendation_id",
        {
            table.name: t.scan(table).select(table.key[0]).collect().to_series()
            for table in (BUILDS, BUILD_FAILURES, BOTTLENECKS, LOG_PATTERNS, FLAKY_TESTS)
        },
    ),
    others=(BUILDS, BUILD_FAILURES, BOTTLENECKS, LOG_PATTERNS, FLAKY_TESTS),
)
sound_states = _check(
    OPTIMIZATION_RECOMMENDATIONS,
    "states_are_sound",
    "Status, times and effect fit together: what is open is found, what is implemented says when.",
    lambda t: soundness.unsound_states(t.read(OPTIMIZATION_RECOMMENDATIONS)),
)
said_once = _check(
    OPTIMIZATION_RECOMMENDATIONS,
    "nothing_is_said_twice",
    "No two open recommendations say the same.",
    lambda t: soundness.said_twice(t.read(OPTIMIZATION_RECOMMENDATIONS)),
)
true_bottlenecks = _quotes(BOTTLENECKS)
true_recommendations = _quotes(OPTIMIZATION_RECOMMENDATIONS)
ordered = _check(
    RESOURCE_USAGE_PREDICTIONS,
    "intervals_are_ordered",
    "lo95 <= lo80 <= median <= hi80 <= hi95.",
    lambda t: rules.disordered_intervals(t.scan(RESOURCE_USAGE_PREDICTIONS)),
)
never_negative = _check(
    RESOURCE_USAGE_PREDICTIONS,
    "never_below_zero",
    "No forecast is below zero where the past never was.",
    lambda t: rules.negative_forecasts(t.scan(RESOURCE_USAGE_PREDICTIONS), t.scan(RESOURCE_USAGE)),
    others=(RESOURCE_USAGE,),
)
queues_judged = _check(
    QUEUE_SCHEDULES,
    "savings_are_borne_out",
    "What an order saves is the difference of both replays, and a verdict has its interval on its side.",
    lambda t: rules.misjudged_queues(t.scan(QUEUE_SCHEDULES)),
)
windows_open = _check(
    EXECUTION_WINDOWS,
    "windows_are_open",
    "Each window of a known queue begins before it ends, with its best time inside.",
    lambda t: rules.closed_windows(t.scan(EXECUTION_WINDOWS), t.scan(QUEUE_SCHEDULES)),
    others=(QUEUE_SCHEDULES,),
)
intervals_held = _check(
    RESOURCE_USAGE_PREDICTIONS,
    "past_intervals_held",
    "Of what was read since, 65 % or more lay in the 80 % intervals, where a model was scored on 200 readings or more.",
    lambda t: rules.missed_intervals(t.scan(RESOURCE_USAGE_PREDICTIONS)),
    severity=dg.AssetCheckSeverity.WARN,
)
valid_plans = _check(
    PLANS,
    "plans_are_valid",
    "Validation finds no error in a stored plan: steps, order, times, needs, citations, prediction.",
    lambda t: plan_issues(t.read(PLANS)),
)


@dg.asset_check(
    asset=PLANS.name,
    name="quotes_stand_in_their_logs",
    description="Each line that a plan cites is read again from the stored log, and says what is quoted.",
)
def true_plans(store: StoreResource, tables: TablesResource) -> dg.AssetCheckResult:
    """Every citation of every plan is compared with its log."""
    with store.open() as opened:
        known, wrong = false_citations(opened, tables.get().read(PLANS))
    return dg.AssetCheckResult(
        passed=wrong.is_empty(),
        metadata={
            "read_again": known,
            "offenders": wrong.height,
            "rows": dg.MetadataValue.md(markdown(wrong, wrong.height)),
        },
    )


true_verdicts = _check(
    PLAN_OUTCOMES,
    "verdicts_agree_with_builds",
    "Builds that are said to show a plan fixed succeeded, one that shows it recurred did not, and within its horizon.",
    lambda t: rules.misjudged_plans(t.scan(PLAN_OUTCOMES), t.scan(BUILDS)),
    others=(BUILDS,),
)
base_rates = _check(
    PLAN_OUTCOMES,
    "rates_are_within_their_intervals",
    "A base rate lies in its Wilson interval.",
    lambda t: rules.misplaced_rates(t.scan(PLAN_OUTCOMES), "base_rate", key="plan_id", ends="base"),
)
template_rates = _check(
    PLAN_TEMPLATES,
    "rates_are_within_their_intervals",
    "A success rate lies in its Wilson interval.",
    lambda t: rules.misplaced_rates(t.scan(PLAN_TEMPLATES), "success_rate", key="template_id", ends="success"),
)
real_templates = _check(
    PLAN_TEMPLATES,
    "no_template_without_its_plans",
    "Each template that was made here names plans that there are.",
    lambda t: rules.planless_templates(t.scan(PLAN_TEMPLATES), t.scan(PLANS)),
    others=(PLANS,),
)
all_builds = _check(
    SYSTEM_METRICS,
    "builds_add_up",
    "The builds of all hours, and those of all days, are the builds that ended.",
    lambda t: rules.uncounted_builds(t.scan(BUILDS), t.scan(SYSTEM_METRICS)),
    others=(BUILDS,),
)
possible = _check(
    SYSTEM_METRICS,
    "no_impossible_values",
    "No count, share or duration is below 0, no share above 1, no value outside its interval.",
    lambda t: rules.impossible_metrics(t.scan(SYSTEM_METRICS)),
)
all_readings = _check(
    RESOURCE_USAGE,
    "readings_add_up",
    "Each reading is in one interval of its series.",
    lambda t: rules.miscounted_readings(t.scan(RESOURCE_ROLLUPS), t.scan(RESOURCE_USAGE)),
    others=(RESOURCE_ROLLUPS,),
)
metrics_past = _check(
    SYSTEM_METRICS,
    "no_future_times",
    "Nothing is said to have happened later than now; a clock that is wrong would be the reason.",
    lambda t: rules.later_than(t.scan(SYSTEM_METRICS), "ts", datetime.now(UTC)),
    severity=dg.AssetCheckSeverity.WARN,
)
usage_past = _check(
    RESOURCE_USAGE,
    "no_future_times",
    "No reading is from later than now; a clock that is wrong would be the reason.",
    lambda t: rules.later_than(t.scan(RESOURCE_USAGE), "ts", datetime.now(UTC)),
    severity=dg.AssetCheckSeverity.WARN,
)
every_source = _check(
    MEDIA_ITEMS,
    "every_value_says_where_it_comes_from",
    "No value of an item is empty or without its provenance.",
    lambda t: media.sourceless(t.scan(MEDIA_ITEMS)),
)
metadata_sums = _check(
    METADATA_QUALITY,
    "counts_add_up",
    "Fields add up to their collection, collections to all of them.",
    lambda t: media.unbalanced(t.scan(METADATA_QUALITY)),
)
