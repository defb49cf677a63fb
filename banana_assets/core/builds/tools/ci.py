"""CI systems and their limits of time."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import EXCEPTION, FAILURE, GUESS, MESSAGE, WRAPPER, rules

RULES = (
    *rules(
        "github-actions",
        (
            "cancelled",
            FAILURE - 4,
            "line",
            "the operation was canceled|a task was canceled|the run was canceled|job was cancel|higher priority waiting request|cancelling since",
            r"^(?:The operation was canceled\.?|A task was canceled\.?|The run was canceled by .*|Canceling since a higher priority waiting request.*|.*\b[Tt]he job was (?:canceled|cancelled)\b.*)",
        ),
        (
            "timeout",
            FAILURE + 2,
            "line",
            "exceeded the maximum execution time|has timed out",
            r"(?:has exceeded the maximum execution time|The (?:action|job|step) .*has timed out|has timed out after \d+ minutes).*",
        ),
        (
            "infrastructure_error",
            FAILURE,
            "line",
            "lost communication with the server|runner has received a shutdown signal|job was acquired|failed to come online|pod failed",
            r"(?:lost communication with the server|runner has received a shutdown signal|[Jj]ob was acquired .* but|pod .* failed to come online|[Ee]rror: pod failed).*",
        ),
        (
            "network_error",
            FAILURE - 4,
            "line",
            "failed to download|unable to download|artifact download failed",
            r"(?:Failed to download (?:archive|action)|[Uu]nable to download (?:artifact|actions)|Failed to DownloadArtifact|[Aa]rtifact download failed|Unable to download).*",
        ),
        (
            "configuration_error",
            FAILURE - 6,
            "line",
            "unable to resolve action|can't find 'action.y|invalid workflow file|input required and not supplied|unrecognized named-value|is not valid|unexpected input|unexpected value",
            r"(?:[Uu]nable to resolve action|Can't find 'action\.ya?ml'|Invalid workflow file|Input required and not supplied|The (?:template|workflow) is not valid|Unrecognized named-value).*",
        ),
        (
            "network_error",
            FAILURE - 8,
            "line",
            "artifact not found|no artifacts found|no artifact found|unable to find any artifacts",
            r"(?:Artifact not found for name|[Uu]nable to find any artifacts|No artifacts? found).*",
        ),
        (
            "",
            WRAPPER,
            "line",
            "process completed with exit code|the process '",
            r"^(?:Error: )?(?:Process completed with exit code [1-9]\d*\.?|The process '.*' failed with exit code \d+)$",
        ),
    ),
    *rules(
        "gitlab",
        (
            "infrastructure_error",
            FAILURE - 4,
            "line",
            "job failed (system failure)|preparation failed",
            r"^ERROR: (?:Job failed \(system failure\)|Preparation failed).*",
        ),
        ("timeout", FAILURE, "line", "execution took longer than", r"ERROR: Job failed: execution took longer than .*"),
        ("cancelled", FAILURE - 4, "line", "job failed: canceled", r"ERROR: Job failed: canceled.*"),
        ("", WRAPPER, "line", "error: job failed", r"^ERROR: Job failed: exit (?:code|status) \d+.*"),
    ),
    *rules(
        "travis",
        (
            "timeout",
            FAILURE + 2,
            "line",
            "no output has been received|exceeded the maximum time|exceeded the maximum log|the job has been terminated|timed out after ",
            r"(?:No output has been received in the last|The job exceeded the maximum time limit|exceeded the maximum (?:log length|time)).*",
        ),
        (
            "",
            WRAPPER,
            "line",
            "exited with|failed and exited",
            r"^The command .*(?:exited with|failed and exited with) [1-9]\d*.*",
        ),
    ),
    *rules(
        "jenkins",
        (
            "configuration_error",
            EXCEPTION,
            "stack",
            "workflowscript: |groovy.lang.missing|multiplecompilationerrors",
            r"^(?:WorkflowScript: \d+: .*|groovy\.lang\.Missing\w+Exception: .*|org\.codehaus\.groovy\.control\.MultipleCompilationErrorsException: .*)",
        ),
        (
            "timeout",
            MESSAGE + 12,
            "line",
            "timeout has been exceeded|cancelling nested steps due to timeout",
            r"(?:Timeout has been exceeded|Cancelling nested steps due to timeout).*",
        ),
        (
            "infrastructure_error",
            MESSAGE + 8,
            "line",
            "agent was removed|cannot contact|requestaborted|channelclosed|was marked offline",
            r"(?:Agent was removed|Cannot contact .*: |hudson\.remoting\.(?:RequestAborted|ChannelClosed)Exception|was marked offline).*",
        ),
        (
            "",
            WRAPPER,
            "line",
            "script returned exit code|marked build as failure",
            r"(?:script returned exit code \d+|^Build step '.*' marked build as failure)",
        ),
    ),
    *rules(
        "timeout",
        (
            "timeout",
            MESSAGE + 18,
            "line",
            "timeout: sending signal",
            r"^(?:(?P<test>\S+::\S+) )?(?:.*\s)?timeout: sending signal \w+ to command .*",
        ),
        (
            "timeout",
            MESSAGE + 10,
            "line",
            " 124",
            r"(?i)\b(?:exit(?:ed)?(?: with)?(?: code| status)?|returning|returned|status) 124\b.*",
        ),
        (
            "timeout",
            MESSAGE + 8,
            "line",
            "timed out",
            r"(?i)(?:\b(?:command|process|test|job|build|step|task|script|operation|execution|file)\b.{0,80}\btimed out\b|\btimed out (?:after|waiting)\b|process timed out).*",
        ),
        (
            "timeout",
            MESSAGE + 4,
            "line",
            "timeoutexpired|timeout exceeded|exceeded timeout|timeout of ",
            r"(?:TimeoutExpired|[Tt]imeout exceeded|[Ee]xceeded timeout|[Tt]imeout of \d+ ?ms exceeded|Exceeded timeout of).*",
        ),
    ),
    *rules(
        "taskcluster",
        ("timeout", FAILURE + 2, "line", "max run time exceeded", r"^\[taskcluster:error\] .*max run time exceeded.*"),
        ("", MESSAGE + 4, "line", "[taskcluster:error]|[taskcluster error]", r"^\[taskcluster[: ]error\] .*"),
        (
            "timeout",
            FAILURE,
            "line",
            "test-unexpected-timeout",
            r"\bTEST-UNEXPECTED-TIMEOUT \| (?P<test>[^|]*?) \| (?P<message>.*)$",
        ),
        (
            "test_failure",
            FAILURE,
            "line",
            "test-unexpected-",
            r"\bTEST-UNEXPECTED-\w+ \| (?P<test>[^|]*?) \| (?P<message>.*)$",
        ),
        ("crash", FAILURE, "line", "process-crash", r"\bPROCESS-CRASH \| .*"),
        (
            "crash",
            FAILURE - 4,
            "line",
            "sanitizer: ",
            r"\bSUMMARY: \w+Sanitizer: .*",
        ),
        ("", GUESS + 6, "line", "error - |critical - |fatal - ", r"^\s*(?:ERROR|CRITICAL|FATAL) - .*"),
    ),
)
