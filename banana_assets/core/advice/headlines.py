"""One line that says what to do about a failure, in the failure's own names."""

from __future__ import annotations

from collections.abc import Sequence

from banana_assets.core.advice.facts import Facts

DIFFICULTY = {
    "missing_dependency": "low",
    "syntax_error": "low",
    "lint_error": "low",
    "configuration_error": "low",
    "access_error": "low",
    "disk_full": "low",
    "version_control_error": "low",
    "test_failure": "medium",
    "compile_error": "medium",
    "type_error": "medium",
    "timeout": "medium",
    "network_error": "medium",
    "container_build_error": "medium",
    "infrastructure_error": "medium",
    "out_of_memory": "high",
    "crash": "high",
    "unknown": "high",
    "cancelled": "low",
}
"""How hard a class of failure usually is to mend: low where one file or setting is named, high where it must be
searched for. A judgement, not a measurement."""


def headline(category: str, facts: Facts, failing_tests: Sequence[str], tool: str | None) -> str:
    """What to do, without a full stop."""
    at = f" at {facts.where}" if facts.where else ""
    code = f" {facts.first('code')}" if facts.first("code") else ""
    by = f" that {tool} reports" if tool else ""
    tests = f"`{failing_tests[0]}`" if failing_tests else "the failing test"
    more = f" and {len(failing_tests) - 1} more" if len(failing_tests) > 1 else ""
    missing = f"`{facts.first('missing')}`" if facts.first("missing") else "the dependency that is not found"
    host = facts.first("host")
    limit = facts.first("limit")
    path = facts.first("path")
    named = {
        "missing_dependency": f"Provide {missing}{at}",
        "test_failure": f"Make {tests}{more} pass{at}",
        "timeout": f"Find what runs longer than {limit or 'its limit'}"
        + (f" in {tests}{more}" if failing_tests else at),
        "syntax_error": f"Correct the syntax{at}",
        "access_error": f"Give the build access to {path or host or facts.first('variable') or 'what it was refused'}",
        "compile_error": f"Correct the compile error{code}{at}",
        "type_error": f"Correct the type error{code}{at}",
        "lint_error": f"Resolve the finding{code}{by}{at}",
        "out_of_memory": f"Bring the memory of {facts.first('process') or 'the killed process'} under its limit",
        "disk_full": "Free or add disk space" + (f" under {path}" if path else ""),
        "network_error": f"Make {host or 'the remote host'} reachable, or the build independent of it",
        "configuration_error": f"Correct {_configured(facts)}{at}",
        "infrastructure_error": "Restore the runner" + (f" ({facts.first('error')})" if facts.first("error") else ""),
        "container_build_error": f"Repair the image build{_image(facts)}{at}",
        "version_control_error": f"Bring {facts.first('ref') or 'the revision'} in reach of the checkout",
        "crash": f"Find why {tool or 'the process'} crashed ({facts.first('signal') or 'abnormal end'}){at}",
    }
    return named.get(category, f"Find the cause of the failure{at}")


def _configured(facts: Facts) -> str:
    if facts.first("variable"):
        return f"the setting `{facts.first('variable')}`"
    if facts.first("key"):
        return f"`{facts.first('key')}`"
    return "the configuration"


def _image(facts: Facts) -> str:
    return f" of `{facts.first('image')}`" if facts.first("image") else ""
