"""Shell and operating system: commands, files, permissions, signals, memory, disk."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import FAILURE, MESSAGE, rules

RULES = (
    *rules(
        "shell",
        (
            "crash",
            FAILURE - 8,
            "line",
            "sigsegv|sigabrt|sigbus|sigill|sigfpe",
            r"(?i)(?:received|by|with|on|killed|died).{0,20}\b(?:signal[: ]*)?SIG(?:SEGV|ABRT|BUS|ILL|FPE)\b.*",
        ),
        (
            "missing_dependency",
            MESSAGE + 12,
            "line",
            "command not found|: not found|is not recognized",
            r"(?:^|: )(?:line \d+: |\d+: )?\S+: (?:command )?not found$|^'?\S+'? is not recognized as (?:an internal or external command|the name of a cmdlet).*|^(?:zsh|fish|bash): .*command not found.*",
        ),
        (
            "missing_dependency",
            MESSAGE + 12,
            "line",
            "is currently not installed|executable file not found",
            r"(?:The program '.*' is currently not installed|exec: \"?.*\"?: executable file not found in).*",
        ),
        (
            "configuration_error",
            MESSAGE + 6,
            "line",
            "no such file or directory|cannot find the path|cannot open|can't open",
            r"^(?:\S+: (?:line )?\d+: .*|(?:/bin/)?(?:ba|da|z)?sh: .*|env: .*|\S+: (?:cannot|can't|failed to) (?:\w+ )+.*|cp: .*|mv: .*|cd: .*|cat: .*|tar: .*|chmod: .*|sed: .*|source: .*|grep: .*|find: .*)(?:No such file or directory|cannot find the path|[Cc]an(?:no|')t open).*",
        ),
        (
            "access_error",
            MESSAGE + 10,
            "line",
            "permission denied|operation not permitted",
            r"^(?!.*\(publickey).*: (?:Permission denied|Operation not permitted)\.?$",
        ),
        (
            "crash",
            FAILURE - 8,
            "line",
            "segmentation fault|core dumped|bus error|illegal instruction|floating point exception",
            r"(?:\bSegmentation fault\b|\(core dumped\)|^\s*Bus error\b|Illegal instruction\b|Floating point exception).*",
        ),
        (
            "crash",
            FAILURE - 8,
            "stack",
            "terminate called|libc++abi",
            r"^(?:terminate called (?:after throwing|without an active).*|libc\+\+abi.*: terminating.*)",
        ),
        ("out_of_memory", MESSAGE + 12, "line", "killed", r"^(?:.*: line \d+:\s+\d+ )?Killed\b.*"),
        (
            "out_of_memory",
            FAILURE,
            "line",
            "cannot allocate memory|out of memory|oomkilled|oom-kill|memoryerror|std::bad_alloc",
            r"(?:[Cc]annot allocate memory|\b[Oo]ut of memory\b|OOMKilled|oom-kill|^MemoryError\b|std::bad_alloc).*",
        ),
        (
            "disk_full",
            FAILURE + 4,
            "line",
            "no space left on device|disk quota exceeded|not enough space on the disk|no space left",
            r"(?:No space left on device|[Dd]isk quota exceeded|not enough space on the disk).*",
        ),
        (
            "syntax_error",
            MESSAGE + 10,
            "line",
            "syntax error|unexpected eof",
            r"^\S+: (?:line )?\d+: (?:[Ss]yntax error|unexpected EOF|syntax error near).*",
        ),
        (
            "configuration_error",
            MESSAGE + 4,
            "line",
            "not set|must be set",
            r"^\S+: (?:line )?\d+: [A-Za-z_]\w*: (?:parameter (?:null or )?not set|.*\b(?:must be|is not|not) set\b.*)$",
        ),
        (
            "configuration_error",
            MESSAGE + 4,
            "line",
            "unbound variable|no such option|illegal switch|unrecognized option|unknown option|invalid option|unrecognised option",
            r"(?:: unbound variable$|(?:[Nn]o such option|[Ii]llegal switch|[Uu]nrecogni[sz]ed option|[Uu]nknown option|[Ii]nvalid option)\b.*)",
        ),
    ),
)
