"""Recipes for failures whose cause is around the code: dependencies, access, network, memory, disk, time, settings."""

from __future__ import annotations

import re

from banana_assets.core.plans.case import Case, listed, test_command
from banana_assets.core.plans.drafts import Draft, Recipe

_ECOSYSTEMS: tuple[tuple[str, str, str], ...] = (
    (
        r"No module named|ModuleNotFound|ImportError|\bpip\b|poetry|requirement|No matching distribution",
        "pyproject.toml or the requirements file",
        "python -c 'import {leaf}'",
    ),
    (
        r"Cannot find (?:module|package)|Can't resolve|\bnpm\b|\byarn\b|pnpm|node_modules",
        "package.json",
        "npm ls {name}",
    ),
    (r"no required module provides|go: |cannot find package", "go.mod (`go get {name}`)", "go list {name}"),
    (r"can't find crate|unresolved import|no matching package named|cargo", "Cargo.toml", "cargo tree -i {name}"),
    (r"package \S+ does not exist|artifact|maven|gradle", "pom.xml or the Gradle build file", "mvn dependency:tree"),
    (r"cannot load such file|gem\b|bundler", "the Gemfile", "bundle info {name}"),
    (
        r"No such file or directory|cannot find -l|package configuration file|shared librar",
        "the runner's system packages (the development package that holds it)",
        "find / -name '{name}' -print -quit",
    ),
    (
        r"not found|executable file|Unable to locate package|not recognized",
        "the image or set-up step of the job",
        "command -v {name}",
    ),
)


def missing_dependency(case: Case) -> Recipe:
    """Declare it where this ecosystem declares things, pin it, check it."""
    name = case.facts.first("missing")
    shown = f"`{name}`" if name else "what was not found"
    where, probe = next(((w, p) for pattern, w, p in _ECOSYSTEMS if case.says(pattern)), ("the job's set-up", ""))
    leaf = (name or "").split(">")[0].split("=")[0].split("<")[0]
    check = f" (`{probe.format(name=leaf, leaf=leaf)}`)" if name and probe else ""
    steps = (
        Draft(
            "inspect",
            f"Find out whether {shown} is declared in {where.format(name=leaf)} at all, and what asks for "
            f"it{case.where}.",
            "It is known whether it is undeclared, misspelt, or declared and not installed.",
            10,
            (),
            "high",
            (0,),
        ),
        Draft(
            "change",
            f"Declare {shown} in {where.format(name=leaf)} with a version that was tested; if it was "
            f"declared, correct the step that installs it{_step(case)}.",
            f"{shown} is there after a fresh installation.",
            10,
            (0,),
            "high",
            (1,),
        ),
        Draft(
            "verify",
            f"Install from nothing, without caches{check}, and run {case.rerun}.",
            f"It gets past {shown}.",
            15,
            (1,),
            "high",
            runs=1,
        ),
        Draft(
            "prevent",
            f"Keep the lock file of {where.split(' (')[0]} under version control and install from it.",
            "Versions change only when somebody changes them.",
            15,
            (2,),
            "low",
        ),
    )
    return Recipe(
        f"Declare {shown} where the job installs from",
        steps,
        "A name that looks like a known package may be another one.",
        "Compare publisher and version with what the code asks for before adding it.",
        "Install from the lock file of the last green build until the right package is known.",
    )


def _step(case: Case) -> str:
    return f" before `{case.failing_step}`" if case.failing_step else ""


def timeout(case: Case) -> Recipe:
    """Find what hangs or slowed down before raising the limit."""
    limit = case.fact("limit", "its limit")
    command = test_command(case)
    what = listed(case.failing_tests) or (f"step {case.failing_step}" if case.failing_step else case.place)
    steps = (
        Draft(
            "inspect",
            f"Compare the time of {what} with its earlier runs, up to {limit}.",
            "It is known whether it hangs or became slow.",
            15,
            (),
            "high",
            (0,),
        ),
        Draft(
            "reproduce",
            f"Run {f'`{command}`' if command else case.rerun} with a stack dump shortly before {limit}.",
            f"The place where {what} waits is shown{case.where}.",
            30,
            (),
            "high",
            (1,),
            runs=1,
        ),
        Draft(
            "change",
            "If it waits: give the call it waits in its own, shorter time limit and a clear error. If it is "
            "slow: split it or make it faster.",
            f"{what} ends well before {limit}.",
            60,
            (0, 1),
            "high",
        ),
        Draft(
            "verify",
            f"Run {case.rerun} three times.",
            f"Each run ends in under half of {limit}.",
            30,
            (2,),
            "high",
            runs=3,
        ),
    )
    return Recipe(
        f"Find what {what} waits for before {limit} ends",
        steps,
        f"Raising {limit} alone makes every hanging build cost more.",
        "Raise it only for what was measured to need it, and by measure.",
        "Move what hangs to a job of its own, so that it holds up nothing else, and go on looking there.",
    )


def access_error(case: Case) -> Recipe:
    """Give exactly the right that was refused."""
    thing = case.facts.first("path") or case.facts.first("host") or case.facts.first("variable")
    shown = f"`{thing}`" if thing else "what it asks for"
    on_disk = case.facts.first("path") is not None
    who = (
        f"the owner and mode of {shown} for the user that runs {case.rerun}"
        if on_disk
        else f"which identity {case.rerun} uses for {shown}, whether its credentials are set, unexpired and in scope "
        "for this branch"
    )
    mend = (
        f"Change the owner or mode of {shown} in the set-up step, or write to a folder that the job owns."
        if on_disk
        else "Renew the credentials, or give the identity the one right that it was refused."
    )
    steps = (
        Draft("inspect", f"Check {who}.", "The missing right is known.", 15, (), "high", (0,)),
        Draft("change", mend, f"{shown[0].upper()}{shown[1:]} is allowed.", 15, (0,), "high", (1,)),
        Draft(
            "verify",
            f"Run {case.rerun}, also from a branch with fewer rights.",
            f"It gets past {shown}.",
            10,
            (1,),
            "high",
            runs=1,
        ),
    )
    return Recipe(
        f"Give the build the one right it lacks on {shown}",
        steps,
        "Wide rights (for everybody, or those of an administrator) mend the build and open the project.",
        "Give one right on one thing, and let it expire.",
        "Move the step that needs the right to a job that has it.",
    )


def out_of_memory(case: Case) -> Recipe:
    """Measure the peak, then lower it or raise the limit by measure."""
    who = case.fact("process", case.program or f"the process{case.where}")
    heap = " (its heap limit is a setting of its own)" if case.says(r"heap|OutOfMemoryError") else ""
    tests = f" while {listed(case.failing_tests)} ran" if case.failing_tests else ""
    near = f" Readings near the limit: {', '.join(case.limit_near)}." if case.limit_near else ""
    steps = (
        Draft(
            "measure",
            f"Run {case.rerun} and read the highest memory of {who}{tests}{heap}.{near}",
            "The peak and the limit of the runner are known.",
            20,
            (),
            "high",
            (0,),
            runs=1,
        ),
        Draft(
            "change",
            f"Lower the peak of {who}: fewer parallel workers, smaller batches, or the change since the last "
            "green build that raised it.",
            "The peak is at least a fifth under the limit.",
            60,
            (0,),
            "high",
            (1,),
        ),
        Draft(
            "change",
            "If the need is real, raise the runner's memory or the heap limit to the measured peak and a quarter.",
            "The limit is above the peak.",
            15,
            (0,),
            "medium",
        ),
        Draft(
            "verify",
            f"Run {case.rerun} three times and read the peak again.",
            f"{who} ends by itself each time.",
            30,
            (1, 2),
            "high",
            runs=3,
        ),
    )
    return Recipe(
        f"Measure the peak of {who}, lower it, and only then raise the limit",
        steps,
        "Memory that grows without end fills any limit; raising it only delays the failure.",
        "Plot the memory of one run before raising anything.",
        "Run the parts one after the other until the peak is understood.",
    )


def disk_full(case: Case) -> Recipe:
    """See what fills the disk, clear it, keep it from filling."""
    path = case.facts.first("path")
    under = f" where `{path}` is written" if path else ""
    wrote = f" before the step that wrote `{path}`" if path else _step(case) or " before the step that failed"
    steps = (
        Draft(
            "measure",
            f"Add `df -h` and the largest folders{wrote}.",
            "It is known what fills the disk.",
            15,
            (),
            "high",
            (0,),
        ),
        Draft(
            "change",
            "Remove caches, images and artefacts that the job does not read, or give it a larger disk.",
            f"There is room{under} for the job and a fifth more.",
            20,
            (0,),
            "high",
            (1,),
        ),
        Draft("verify", f"Run {case.rerun}.", "It ends with free space left.", 15, (1,), "high", runs=1),
        Draft(
            "prevent",
            "Let the runner clean its work folders after each job, and watch its free space.",
            "Free space stays level from build to build.",
            30,
            (2,),
            "low",
        ),
    )
    return Recipe(
        f"Find what fills the disk{under}, clear it and keep it clear",
        steps,
        "Deleting a cache slows the next builds.",
        "Delete what is largest and least read, and time the next build.",
        "Run the job on a runner with a larger disk until it is known what fills this one.",
    )


_SENDS = re.compile(
    r"--upload-file|\s-T\s|--data(?:-binary)?\b|-X\s*(?:PUT|POST)|\b(?:git|docker|podman|helm|oras) push\b"
    r"|\b(?:npm|yarn|pnpm|cargo|poetry|uv) publish\b|\btwine upload\b|\b(?:rsync|scp)\b|\bPUT\b|(?i:\buploading\b)"
)
"""What sends something, so that there is nothing to keep a copy of."""
_LOCAL = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1|\[::1\])(?::\d+)?$", re.IGNORECASE)
_COMMAND = re.compile(r"^\d+: (?:\++|\$) (.+)$", re.MULTILINE)


def _last_command(case: Case) -> str:
    """The command that a shell told of last before it failed, where it did."""
    first = case.citations[0]["first_line"] if case.citations else 0
    before = [m[1] for m in _COMMAND.finditer(case.pack) if int(m[0].split(":")[0]) <= first]
    return before[-1] if before else ""


def network_error(case: Case) -> Recipe:
    """Tell an outage from a wrong address, then retry or mirror."""
    host = case.fact("host", "the remote host")
    again = f"It came {case.builds} times, so it is no single outage. " if case.builds > 1 else ""
    sends = _SENDS.search(f"{case.text}\n{case.command or case.failing_step or _last_command(case)}") is not None
    local = _LOCAL.match(case.facts.first("host") or "") is not None
    reach = (
        f"Check on the runner that a service listens at {host}, and that it is ready before {case.rerun}"
        if local
        else f"Resolve and reach {host} from the runner: name, proxy, firewall, its status page"
    )
    kept = (
        ()
        if sends or local
        else (
            Draft(
                "prevent",
                f"Keep what is fetched from {host} in a cache or mirror near the runner.",
                f"{case.place} passes while {host} is away.",
                60,
                (0,),
                "low",
            ),
        )
    )
    steps = (
        Draft(
            "inspect",
            f"{again}{reach}.",
            "It is known whether address, route or service fails.",
            15,
            (),
            "high",
            (0,),
        ),
        Draft(
            "change",
            f"Correct the address or route of {host}; if the service fails at times, retry with growing "
            "pauses and a limit.",
            f"Single failures of {host} no longer fail {case.place}.",
            30,
            (0,),
            "high",
            (1,),
        ),
        *kept,
        Draft("verify", f"Run {case.rerun}.", f"It gets past {host}.", 10, (1,), "high", runs=1),
    )
    return Recipe(
        f"Find why {host} is out of reach and make the build bear it",
        steps,
        "Retries without a limit turn an outage into builds that hang.",
        "Limit their number and their whole time.",
        "Keep the artefact and send it later, by a job of its own."
        if sends
        else "Build from the last copy of what is fetched, out of a cache or an artefact of the last green build.",
    )


def configuration_error(case: Case) -> Recipe:
    """Correct the named setting and check it before the build."""
    variable, key = case.facts.first("variable"), case.facts.first("key")
    shown = f"`{variable or key}`" if variable or key else "the setting that the cited lines name"
    where = case.file or case.facts.first("path") or f"the definition of {case.place}"
    steps = (
        Draft(
            "inspect",
            f"Look up {shown} in the documentation of {case.tool or 'its tool'} for the version in use, and "
            f"what changed in {where}.",
            "The right name, place and value are known.",
            15,
            (),
            "high",
            (0,),
        ),
        Draft(
            "change",
            f"Set {shown} in {where}." if variable else f"Correct {shown} in {where}.",
            "The tool accepts the configuration.",
            10,
            (0,),
            "high",
            (1,),
        ),
        Draft("verify", f"Run {case.rerun}.", f"It gets past {shown}.", 10, (1,), "high", runs=1),
    )
    return Recipe(
        f"Correct {shown} in {where}",
        steps,
        "A setting that another job shares changes there too.",
        "Search for what else reads it, and build that too.",
        "Restore the configuration of the last green build and change one setting at a time.",
    )


def infrastructure_error(case: Case) -> Recipe:
    """Tell a broken runner from a broken job."""
    said = case.fact("error", "the cited message")
    steps = (
        Draft(
            "reproduce",
            f"Run {case.rerun} again on another runner, with no change.",
            "It is known whether the runner or the job is at fault.",
            10,
            (),
            "high",
            (0,),
            runs=1,
        ),
        Draft(
            "inspect",
            f"Read the runner's own log around {case.failed_at:%F %H:%M} UTC for {said}.",
            "The part that failed is known.",
            20,
            (),
            "high",
            (1,),
        ),
        Draft(
            "change",
            "Take the runner out of service or repair it; if the job is at fault, treat it as such.",
            "No further job fails there in this way.",
            30,
            (0, 1),
            "high",
        ),
    )
    return Recipe(
        f"Tell a broken runner from a broken job by running {case.place} elsewhere",
        steps,
        "Automatic re-runs hide a runner that is breaking slowly.",
        "Count the re-runs of each runner.",
        "Run its jobs elsewhere until the runner's own log is read.",
    )


def container_build_error(case: Case) -> Recipe:
    """Repeat the failing instruction from the layer before it."""
    image = case.fact("image", "the image")
    steps = (
        Draft(
            "reproduce",
            f"Build {image} without cache up to the failing instruction{case.where}.",
            "It fails as in the log.",
            20,
            (),
            "high",
            (0,),
        ),
        Draft(
            "inspect",
            f"Check that the tag of {image} and every file that is copied exist in the build context.",
            "The missing or failing part is known.",
            15,
            (),
            "high",
            (1,),
        ),
        Draft(
            "change",
            f"Correct the instruction{case.where}, and pin {image} by digest.",
            "The image builds.",
            20,
            (0, 1),
            "high",
        ),
        Draft("verify", f"Run {case.rerun} without cache.", "It builds from nothing.", 20, (2,), "high", runs=1),
    )
    return Recipe(
        f"Repeat the failing instruction of {image} from the layer before it",
        steps,
        "A pinned digest no longer gets security fixes by itself.",
        "Let a scheduled job propose newer digests.",
        "Build from the digest of the last image that was built.",
    )


def version_control_error(case: Case) -> Recipe:
    """Resolve a conflict, or check that the revision is there, whole and allowed."""
    ref = case.fact("ref", "the revision")
    if case.says("CONFLICT|merge conflict"):
        return _conflict(case, ref)
    change = f"Correct the name of {ref}, fetch enough history, or give the checkout's token the right to read it."
    steps = (
        Draft(
            "inspect",
            f"Check on the server that {ref} exists and what the checkout of {case.place} fetches (depth, "
            "submodules, token).",
            "It is known what is missing.",
            10,
            (),
            "high",
            (0,),
        ),
        Draft("change", change, f"A fresh clone has {ref}.", 20, (0,), "high", (1,)),
        Draft("verify", f"Run {case.rerun} from a fresh clone.", "The checkout succeeds.", 10, (1,), "high", runs=1),
    )
    return Recipe(
        f"Make {ref} reachable for the checkout",
        steps,
        "A rewritten history breaks every build that still refers to it.",
        "Fetch the revision by its full id, and protect the branch.",
        "Build the last commit that the checkout reaches.",
    )


def _conflict(case: Case, ref: str) -> Recipe:
    steps = (
        Draft(
            "inspect",
            f"Merge the target branch into the branch of {case.place} locally and read both sides of {ref}.",
            "It is known which change each side needs.",
            10,
            (),
            "high",
            (0,),
        ),
        Draft(
            "change", f"Resolve {ref}, run the tests, and push the merge.", f"{ref} merges cleanly.", 20, (0,), "high"
        ),
        Draft("verify", f"Run {case.rerun} from a fresh clone.", "The merge succeeds.", 10, (1,), "high", runs=1),
    )
    return Recipe(
        f"Resolve the merge conflict in {ref}",
        steps,
        "A resolution that drops one side's change breaks it silently.",
        "Run the tests of both sides after the merge.",
        "Rebase the branch in small parts, so that each conflict is one change.",
    )
