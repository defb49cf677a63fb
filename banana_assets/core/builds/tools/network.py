"""Network clients and the system package managers that live from them."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from banana_assets.core.builds.tools.table import GUESS, MESSAGE, rules

RULES = (
    *rules(
        "network",
        (
            "network_error",
            MESSAGE + 10,
            "line",
            "could not resolve host|enotfound|dns error|failed to lookup address|error sending request for url|temporary failure in name resolution|name or service not known|unknownhostexception|getaddrinfo",
            r"(?:[Cc]ould not resolve host|\bdns error\b|failed to lookup address|error sending request for url|[Tt]emporary failure in name resolution|Name or service not known|UnknownHostException|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|ENOTFOUND).*",
        ),
        (
            "network_error",
            MESSAGE + 6,
            "line",
            "connection refused|connection reset|connection timed out|network is unreachable|econnreset|econnrefused|etimedout|read timed out|i/o timeout|tls handshake timeout|connect timeout|max retries exceeded|connection error|failed to connect to|remote end closed|unexpected eof while reading",
            r"(?:[Cc]onnection (?:refused|reset|timed out)|[Nn]etwork is unreachable|\bECONNRE(?:SET|FUSED)\b|\bETIMEDOUT\b|Read timed out|i/o timeout|TLS handshake timeout|[Cc]onnect timeout|Max retries exceeded|Connection error|[Ff]ailed to connect to|Remote end closed connection|unexpected eof while reading).*",
        ),
        (
            "network_error",
            MESSAGE + 6,
            "line",
            "bad gateway|service unavailable|gateway time-out|gateway timeout|internal server error",
            r"\b(?:502|503|504|500)\b.{0,12}(?:Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?[Oo]ut|Internal Server Error).*",
        ),
        ("network_error", MESSAGE + 4, "run", "curl: (", r"^curl: \(\d+\) .*"),
        (
            "network_error",
            MESSAGE + 6,
            "line",
            "error 40|error 50|unable to establish ssl|unable to resolve host|wget: ",
            r"(?:\bERROR (?:40[0-9]|50[0-9]): .*|Unable to establish SSL connection.*|wget: .*(?:error|unable|bad).*|unable to resolve host address.*)",
        ),
        (
            "network_error",
            MESSAGE + 6,
            "indented",
            "certificate",
            r"(?:SSL certificate problem|certificate (?:verify failed|has expired|subject alternative name)|no certificate subject alternative name matches|cannot verify .* certificate|unable to get local issuer certificate).*",
        ),
        (
            "network_error",
            MESSAGE,
            "line",
            "rate limit exceeded|too many requests|toomanyrequests",
            r"(?:[Rr]ate limit exceeded|429 Too Many Requests|toomanyrequests:).*",
        ),
        (
            "network_error",
            GUESS + 10,
            "line",
            "404 not found|404  not found|failure 404",
            r"(?:\* Failure )?404 +Not Found.*",
        ),
    ),
    *rules(
        "apt",
        (
            "missing_dependency",
            MESSAGE + 12,
            "line",
            "e: unable to locate package|e: package '|has no installation candidate|e: unable to correct problems|e: version '|e: couldn't find any package",
            r"^E: (?:Unable to locate package|Package '.*' has no installation candidate|Unable to correct problems|Version '.*' for '.*' was not found|Couldn't find any package).*",
        ),
        (
            "network_error",
            MESSAGE + 2,
            "run",
            "e: failed to fetch|e: unable to fetch|e: some index files|does not have a release file|hash sum mismatch",
            r"^E: (?:Failed to fetch|Unable to fetch|Some index files|The repository .* does not have a Release file).*",
        ),
        ("", GUESS + 8, "run", r"re:^E: ", r"^E: .+"),
        ("", GUESS, "line", "dpkg: error|sub-process", r"^(?:dpkg: error .*|E: Sub-process .*)"),
        (
            "missing_dependency",
            MESSAGE + 6,
            "line",
            "error: no available formula|no formulae found|nothing provides|no match for argument|unable to find a match|unable to select packages",
            r"^(?:(?:Error|Warning): No (?:available formula|formulae found).*|Error: Unable to find a match.*|No match for argument.*|ERROR: unable to select packages:.*)",
        ),
    ),
)
