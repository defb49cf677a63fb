"""The closed sets of words that tables, interfaces and clients share."""

from __future__ import annotations

BUILD_STATUSES = ("queued", "running", "success", "failed", "error", "cancelled")

FAILURE_CATEGORIES = (
    "missing_dependency",
    "test_failure",
    "timeout",
    "syntax_error",
    "access_error",
    "compile_error",
    "type_error",
    "lint_error",
    "out_of_memory",
    "disk_full",
    "network_error",
    "configuration_error",
    "infrastructure_error",
    "container_build_error",
    "version_control_error",
    "crash",
    "cancelled",
    "unknown",
)

TEST_STATUSES = ("passed", "failed", "error", "skipped", "flaky")
"""``flaky``: failed at first and passed when tried again in the same run."""

CLUSTER_STATES = ("open", "resolved")

FLAKY_STATES = ("flaky", "quiet", "broken")
"""``quiet``: it has passed so often since its last flake that one was to be expected; ``broken``: it only fails now."""

FLAKY_KINDS = ("timeout", "network_error", "out_of_memory", "disk_full")

QUARANTINE_STATES = ("none", "active", "expired", "lifted")

SEVERITIES = ("low", "medium", "high", "critical")

SEVERITY_RANK = {word: rank for rank, word in enumerate(SEVERITIES)}

PATTERN_STATES = ("open", "resolved", "muted")

DIFFICULTIES = ("low", "medium", "high")

BOTTLENECK_KINDS = (
    "slow_step",
    "critical_path",
    "queue",
    "failure_rate",
    "hot_hour",
    "resource_limit",
    "pattern_rate",
)

EFFECT_MEASURES = (
    "job_duration",
    "step_duration",
    "test_duration",
    "run_duration",
    "queue_wait",
    "task_wait",
    "item_duration",
    "failure_rate",
    "fingerprint_rate",
    "flaky_rate",
    "resource_peak",
    "errors_in_hour",
    "builds_in_hour",
    "pattern_rate",
    "metadata_faults",
    "none",
)
"""What is compared before and after a recommendation was implemented; ``none``: nothing that comes again."""

EFFECT_VERDICTS = ("better", "worse", "no_clear_change", "too_early", "not_measurable")

RECOMMENDATION_TYPES = ("performance", "resource", "metadata", "reliability", "schedule_optimization")

RECOMMENDATION_DECISIONS = ("open", "implemented", "dismissed")

RECOMMENDATION_STATES = (*RECOMMENDATION_DECISIONS, "closed")
"""``closed``: what it rested on is no longer found, and nobody had decided about it."""

PLAN_STATUSES = ("pending", "running", "completed", "failed", "cancelled", "abstained")

PLAN_KINDS = ("failure", "recommendation", "goal")

STEP_STATUSES = ("pending", "running", "completed", "failed", "cancelled")

PLAN_ACTIONS = ("ingest", "materialize", "backfill", "compact")
"""Steps of a plan that Banana can do itself."""

RESOURCE_TYPES = ("cpu", "memory", "disk", "network")

SEARCH_KINDS = ("pattern", "failure", "resource", "plan", "template")

ISSUE_LEVELS = ("error", "warning", "info")

OUTCOMES = ("fixed", "recurred", "not_tried", "unknowable", "open")
"""What became of a plan; ``open``: later builds may still decide."""

SCOPES = ("read", "ingest", "report", "admin")
"""What a key may do: look; bring in logs, builds and series; report what was learned and set states; everything."""

LOG_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
"""OpenTelemetry's short severity names: level i stands for the numbers 4*i+1 to 4*i+4 (Logs Data Model)."""

VALUE_ORIGINS = ("tag", "stream", "feed", "channel", "record", "person", "derived", "model")
"""Where a value of an item comes from: a tag of the file, the audio or video stream itself, an entry of a feed, the
feed's channel, a row of an export, a person, a rule, a language model (the last two as accepted proposals)."""

QUALITY_MEASURES = (
    "missing",
    "invalid",
    "short",
    "boilerplate",
    "duplicate_content",
    "duplicate_title",
    "duplicate_id",
    "decline",
)

PROPOSAL_STATES = ("proposed", "accepted", "rejected", "applied", "undone", "withdrawn")
"""``applied``: written into the file; ``undone``: taken out of it again; ``withdrawn``: what it rested on is gone, or
the value came otherwise."""
