"""Version control, containers, infrastructure and cloud tools."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import FAILURE, MESSAGE, rules

RULES = (
    *rules(
        "git",
        (
            "access_error",
            MESSAGE + 14,
            "line",
            "authentication failed|permission denied (publickey|could not read username|could not read from remote|repository not found|host key verification failed|dubious ownership|terminal prompts disabled|write access to repository not granted|requested url returned error: 403|returned error: 403",
            r"(?:Authentication failed for|Permission denied \(publickey|could not read Username|ERROR: Repository not found|Host key verification failed|detected dubious ownership|Write access to repository not granted|returned error: 403).*",
        ),
        ("version_control_error", MESSAGE + 10, "indented", "fatal: ", r"(?:^|\s)fatal: (?!error: )(?P<message>.+)$"),
        (
            "version_control_error",
            MESSAGE + 12,
            "run",
            "merge conflict|conflict (|automatic merge failed",
            r"^(?:CONFLICT \(.*\): .*|Automatic merge failed; fix conflicts.*|error: Merge conflict in .*)",
        ),
        (
            "version_control_error",
            MESSAGE + 8,
            "line",
            "error: your local changes|error: pathspec|error: src refspec|error: failed to push|error: rpc failed|did not match any file|error: could not apply|your local changes to the following",
            r"^error: (?:pathspec|src refspec|failed to push|RPC failed|could not apply|[Yy]our local changes).*",
        ),
        (
            "version_control_error",
            MESSAGE + 4,
            "line",
            "reference is not a tree|couldn't find remote ref|failed to clone|not our ref|could not find remote branch",
            r"(?:reference is not a tree|[Cc]ouldn't find remote ref|Failed to clone from|not our ref|upload-pack: not our ref).*",
        ),
        (
            "version_control_error",
            MESSAGE,
            "line",
            "uncommitted changes|dirty|is not clean",
            r"(?i)(?:you have uncommitted changes|working (?:tree|directory|copy) is (?:dirty|not clean)|build left local git repository checkout dirty).*",
        ),
    ),
    *rules(
        "docker",
        (
            "container_build_error",
            FAILURE - 6,
            "line",
            "failed to solve",
            r"(?:ERROR: )?failed to solve(?: with frontend .*)?: .*",
        ),
        ("container_build_error", FAILURE - 6, "docker_step", r"re:^ > \[", r"^ > \[.*\] .*:$|^ > \[.*\d+/\d+\] .*$"),
        (
            "container_build_error",
            MESSAGE + 8,
            "line",
            "returned a non-zero code",
            r"^The command '.*' returned a non-zero code: \d+$",
        ),
        (
            "container_build_error",
            MESSAGE + 8,
            "line",
            "copy failed|add failed|dockerfile parse error|unable to prepare context|failed to read dockerfile",
            r"(?:^(?:COPY|ADD) failed: .*|[Dd]ockerfile parse error .*|unable to prepare context: .*|failed to read dockerfile.*)",
        ),
        (
            "container_build_error",
            MESSAGE + 12,
            "line",
            "error: process",
            r"^(?:#\d+ )?ERROR: process \".*\" did not complete successfully: exit code: \d+$",
        ),
        (
            "infrastructure_error",
            MESSAGE + 12,
            "line",
            "docker daemon|error response from daemon|error during connect",
            r"(?:Cannot connect to the Docker daemon|[Ii]s the docker daemon running|Error response from daemon: (?:(?!pull access|manifest|unauthorized|denied|No such).)*|error during connect).*",
        ),
        (
            "access_error",
            MESSAGE + 12,
            "line",
            "pull access denied|requested access to the resource|unauthorized: |insufficient_scope",
            r"(?:pull access denied|denied: requested access to the resource|unauthorized: (?:authentication|incorrect|access)|insufficient_scope).*",
        ),
        (
            "container_build_error",
            MESSAGE + 8,
            "line",
            "manifest unknown|manifest for|no matching manifest",
            r"(?:manifest (?:for .* not found|unknown)|no matching manifest for).*",
        ),
    ),
    *rules(
        "terraform",
        (
            "configuration_error",
            FAILURE - 6,
            "box",
            "│ error: |error: ",
            r"^│ Error: (?!Terraform encountered problems during init).*",
        ),
        (
            "configuration_error",
            FAILURE - 6,
            "terraform",
            "error: ",
            r"^Error: (?P<message>(?!Terraform encountered problems during init).+)$",
        ),
        (
            "configuration_error",
            MESSAGE + 8,
            "indented",
            "failed! =>|fatal: [|failed: [|failed!|unreachable!",
            r"^(?:fatal|failed): \[.*\]: (?:FAILED!|UNREACHABLE!).*",
        ),
        (
            "configuration_error",
            MESSAGE + 6,
            "line",
            "error: installation failed|error: upgrade failed|error validating|imagepullbackoff|crashloopbackoff",
            r"(?:Error: (?:INSTALLATION|UPGRADE) FAILED|error validating data|ImagePullBackOff|CrashLoopBackOff).*",
        ),
    ),
    *rules(
        "cloud",
        (
            "access_error",
            MESSAGE + 12,
            "line",
            "accessdenied|access denied|could not load credentials|unable to locate credentials|expiredtoken|not authorized to perform|resource not accessible by|403 forbidden|bad credentials|401 unauthorized|invalid token|permission_denied",
            r"(?:\bAccessDenied\b|[Aa]ccess [Dd]enied|[Cc]ould not load credentials|[Cc]redentials could not be loaded|Unable to locate credentials|ExpiredToken|not authorized to perform|Resource not accessible by|403 Forbidden|Bad credentials|401 Unauthorized|PERMISSION_DENIED).*",
        ),
        (
            "out_of_memory",
            FAILURE + 4,
            "line",
            "cuda out of memory|cuda error: out of memory|outofmemoryerror",
            r"(?:CUDA (?:error: )?out of memory|torch\.(?:cuda\.)?OutOfMemoryError).*",
        ),
    ),
)
