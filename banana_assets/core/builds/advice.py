"""What to do next about a failure of a class, in one sentence."""

# ruff: noqa: E501 - a pattern or sentence is read in one piece

from __future__ import annotations

from collections.abc import Sequence

_STEPS = {
    "missing_dependency": "Check that the dependency named there exists in that version and is declared, then install again.",
    "test_failure": "Run the failing test alone on the same commit; if it passes there, compare the environment.",
    "timeout": "Find what it was waiting for at that line; raise the limit only if the work is known to take that long.",
    "syntax_error": "Open the file at the line named there: it cannot be parsed.",
    "access_error": "Check that the token, key or permission that this step uses exists, is valid and is granted to this job.",
    "compile_error": "Open the first error's file and line; later errors often follow from it.",
    "type_error": "Open the first error's file and line and make the types agree.",
    "lint_error": "Run the linter or formatter locally with its fix option and commit what it changes.",
    "out_of_memory": "Lower the parallelism or give the job more memory; look for what grew since the last green build.",
    "disk_full": "Free or enlarge the disk of this runner; look at caches and build artefacts first.",
    "network_error": "Run it again; if it fails the same way, check the remote service and add retries or a mirror.",
    "configuration_error": "Correct the setting, option or file named there, and run the same step locally.",
    "infrastructure_error": "Run it again on another runner; if it repeats, look at the runner's own log.",
    "container_build_error": "Build the image locally up to the step that failed and run its command there.",
    "version_control_error": "Check that the branch, tag or commit named there still exists and that the checkout is clean.",
    "crash": "Reproduce it with the command of the failing step and look at the innermost frame of your own code.",
    "cancelled": "Find out who or what cancelled it; there may be nothing to mend.",
    "": "Nothing to mend: the log does not say that the build failed.",
    "unknown": "Read the end of the failing step; compare with the last green build of the same job (`--against`).",
}


def next_step(category: str, tool: str | None, failing: Sequence[str]) -> str:
    """One sentence for a person."""
    if category == "test_failure" and failing:
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        return f"Run `{failing[0][:120]}`{more} alone on the same commit; if it passes there, compare the environment."
    if category == "lint_error" and tool:
        return f"Run {tool} locally, with its fix option where it has one, and commit what it changes."
    return _STEPS[category]
