"""From the words of a message, or the command that failed, to a class of failure."""

# ruff: noqa: E501, ISC004 - a pattern is read in one piece

from __future__ import annotations

import re

_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (category, re.compile(pattern))
    for category, pattern in (
        ("disk_full", r"No space left on device|[Dd]isk quota exceeded|ENOSPC|not enough space on the disk"),
        (
            "out_of_memory",
            r"OutOfMemory|[Oo]ut of memory|MemoryError|Cannot allocate memory|bad_alloc|ENOMEM|exit code 137|OOMKilled|heap space|GC overhead limit",
        ),
        (
            "timeout",
            r"\b[Tt]imed out\b|TimeoutE(?:rror|xception|xpired)|[Tt]imeout (?:of|after|exceeded)|DEADLINE_EXCEEDED|deadline exceeded|exceeded timeout",
        ),
        (
            "network_error",
            r"[Cc]ould not resolve host|dns error|failed to lookup address|error sending request|too many 50\d error responses|Temporary failure in name resolution|Name or service not known|UnknownHost|ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT"
            r"|[Cc]onnection (?:refused|reset|timed out|aborted|error)|[Nn]etwork is unreachable|[Cc]onnect timeout|Read timed out|Max retries exceeded|\b50[234] (?:Bad|Service|Gateway|error)"
            r"|SSL(?:Error|HandshakeException)|certificate verify failed|HTTPError|URLError|ConnectionError|ConnectException|SocketTimeout|i/o timeout|TLS handshake|Could not (?:GET|HEAD|transfer)",
        ),
        (
            "access_error",
            r"[Pp]ermission denied|PermissionError|EACCES|EPERM|[Aa]ccess (?:is )?[Dd]enied|AccessDenied|\b40[13] (?:Unauthorized|Forbidden)|Unauthorized\b|Authentication failed"
            r"|[Nn]ot authorized|[Cc]redentials|Operation not permitted|Forbidden\b",
        ),
        (
            "missing_dependency",
            r"ModuleNotFoundError|No module named|cannot import name|Cannot find (?:module|package)|ImportError|cannot load such file|LoadError|ClassNotFoundException|NoClassDefFoundError"
            r"|cannot open shared object|Can't locate .* in @INC|package .* (?:does not exist|is not available|not found)|[Cc]ould not (?:resolve|find) (?:all )?(?:dependenc|artifact|files? for|gem|package|a version)"
            r"|DistributionNotFound|VersionConflict|UnsatisfiableError|command not found|ENOENT.*node_modules|[Dd]ependency|not installed|[Uu]nable to (?:find|resolve|locate) (?:package|version|dependenc)",
        ),
        (
            "syntax_error",
            r"SyntaxError|IndentationError|[Ss]yntax error|ParseError|[Pp]arse error|[Uu]nexpected token|expected expression|YAMLException|JSONDecodeError",
        ),
        (
            "test_failure",
            r"AssertionError|AssertionFailed|ComparisonFailure|[Aa]ssertion failed|[Tt]ests? failed|There (?:are|were) (?:test failures|failing tests)|failing tests?|expected:? .* (?:but )?(?:was|got|actual)"
            r"|Execution failed for task '.*[tT]est\w*'|maven-surefire|maven-failsafe|assert(?:ion)?\b.*failed|left == right",
        ),
        (
            "lint_error",
            r"checkstyle|[Ll]int(?:er|ing)?\b|pmd|spotbugs|findbugs|spotless|ktlint|detekt|rubocop|eslint|flake8|stylelint|code style|formatting|license header",
        ),
        (
            "compile_error",
            r"[Cc]ompilation (?:failed|failure|error)|[Cc]ompile\w*(?:Java|Kotlin|Scala|Groovy|error)|compiler-plugin|undefined reference|does not compile|Build failed with \d+ errors?",
        ),
        (
            "configuration_error",
            r"[Cc]onfig(?:uration)?\b|KeyError: '[A-Z_]+'|[Mm]issing (?:required )?(?:option|argument|environment|script|property|parameter|input)|[Uu]nknown (?:option|command|property|argument|task|target)"
            r"|[Uu]nrecogni[sz]ed|not (?:a )?(?:valid|supported)|[Ii]nvalid (?:option|argument|value|config)|No such (?:file or directory|task)|FileNotFoundError|ENOENT|Task .* not found|not defined|unbound variable",
        ),
        ("version_control_error", r"\bgit\b.*(?:fatal|error|failed)|[Mm]erge conflict|pathspec"),
        ("container_build_error", r"[Dd]ockerfile|failed to solve|docker build"),
        (
            "crash",
            r"[Ss]egmentation fault|SIGSEGV|SIGABRT|core dumped|[Pp]anic|[Uu]nhandled|[Uu]ncaught|NullPointer|StackOverflow|Fatal error|Traceback|Exception\b|\w+Error\b",
        ),
    )
)

_COMMANDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (category, re.compile(pattern))
    for category, pattern in (
        (
            "lint_error",
            r"\b(?:lint\w*|eslint|flake8|ruff|black|isort|pylint|rubocop|prettier|stylelint|checkstyle|clippy|fmt|format|shellcheck|pre-commit|golangci|mdl|yamllint|codespell|style)\b",
        ),
        ("type_error", r"\b(?:mypy|pyright|tsc|type-?check|flow)\b"),
        (
            "test_failure",
            r"\b(?:pytest|py\.test|nosetests|tox|nox|unittest|jest|mocha|karma|vitest|ava|rspec|phpunit|prove|ctest|tests?|check|spec|surefire|verify|cypress|playwright)\b",
        ),
        ("container_build_error", r"\bdocker(?:-compose)?\s+(?:build|compose|buildx)|\bkaniko\b|\bbuildah\b"),
        (
            "missing_dependency",
            r"\b(?:pip3?|conda|npm|yarn|pnpm|bundle|gem|composer|cpanm?|apt(?:-get)?|brew|yum|dnf|poetry|uv|nuget|cabal|stack|luarocks|opam|pod)\s+(?:install|i|ci|add|update|sync|restore)\b|\b(?:apt-get|dependencies)\b",
        ),
        (
            "version_control_error",
            r"\bgit\s+(?:clone|fetch|checkout|submodule|pull|push|merge|rebase)\b|actions/checkout",
        ),
        (
            "compile_error",
            r"\b(?:make|cmake|ninja|gcc|cargo (?:build|check)|go (?:build|install)|mvn (?:compile|package|install)|gradlew? (?:build|assemble)|msbuild|xcodebuild|dotnet build|webpack|compile|build)\b",
        ),
        ("configuration_error", r"\b(?:terraform|ansible|helm|kubectl|configure)\b"),
    )
)


def from_words(text: str) -> str:
    """The class that the words of a message speak of, or an empty string."""
    return next((category for category, pattern in _WORDS if pattern.search(text)), "")


def from_command(command: str) -> str:
    """The class of what a command does when it fails for reasons it does not tell, or an empty string."""
    return next((category for category, pattern in _COMMANDS if pattern.search(command)), "")
