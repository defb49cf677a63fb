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

SEVERITIES = ("low", "medium", "high", "critical")

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

RECOMMENDATION_TYPES = ("performance", "resource", "metadata", "reliability", "schedule_optimization")

RECOMMENDATION_DECISIONS = ("open", "implemented", "dismissed")

RECOMMENDATION_STATES = (*RECOMMENDATION_DECISIONS, "closed")
"""``closed``: what it rested on is no longer found, and nobody had decided about it."""

PLAN_STATUSES = ("pending", "running", "completed", "failed", "cancelled", "abstained")

LOG_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
"""OpenTelemetry's short severity names: level i stands for the numbers 4*i+1 to 4*i+4 (Logs Data Model)."""
