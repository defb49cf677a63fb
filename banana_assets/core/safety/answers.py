"""What a model's words hold that may not be served.

A model that reads a log may repeat what an attacker wrote into it. Whatever it says is looked at here before anyone sees it;
an issue of level ``error`` means that the words are not served.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from banana_assets.core.plans.types import Issue
from banana_assets.core.safety import untrusted, views
from banana_assets.core.safety.secrets import find

_URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,12}:)?//[^\s\"'<>()\]]+|\bwww\.[^\s\"'<>()\]]+", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_HOST = re.compile(
    r"(?<![\w./@-])(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|co|ru|cn|xyz|top|info|biz|app|site|online|me|gg|tk|ml|cc|tv|eu|uk|de|fr|nl|us|in|ai|cloud|click|link|onion|local|example|test|invalid|page|link|ly|fun|live|pw|su|to|ws|zip|mov)(?::\d+)?(?:/[^\s\"'<>()\]]*)?(?![\w-])",
    re.IGNORECASE,
)

_DESTROYS = (
    r"\brm\s+(?:-\w+\s+)*-\w*[rf]\w*|\brm\s+--(?:recursive|force)|\bmkfs\b|\bdd\s+if=|\bshred\b|\bformat\s+[a-z]:|\bdel\s+/[sfq]|\brd\s+/s|remove-item\b.*-recurse"
    r"|\bdrop\s+(?:table|database|schema)\b|\btruncate\s+table\b|\bdelete\s+from\b|\bgit\s+push\b.*(?:--force|-f\b|--delete|\s\+)|\bforce[- ]push|\bgit\s+reset\s+--hard|\bgit\s+clean\s+-\w*f|\bgit\s+filter-branch"
    r"|\b(?:terraform|pulumi)\s+destroy\b|\bkubectl\s+delete\b|\bdocker\s+(?:system|volume)\s+prune\b|\baws\s+s3\s+r[mb]\b|:\(\)\s*\{|>\s*/dev/sd|\bchmod\s+(?:-R\s+)?[0-7]?777\b|\bchown\s+-R\b|\bshutdown\b\s+[-/]|\bkillall\b|\bcrontab\s+-r"
    r"|\b(?:delete|wipe|erase|destroy|purge)\b[^.]{0,30}\b(?:repositor(?:y|ies)|repo|production|database|all (?:the )?files|everything|backups?|(?:main|master|release) branch|home directory|file ?system|bucket|cluster)\b"
)
_DOWNLOADS_AND_RUNS = (
    r"\b(?:curl|wget|fetch|iwr|invoke-webrequest|invoke-expression|iex)\b|\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b|\|\s*(?:python\d?|perl|ruby|node)\b|\b(?:ba|z)?sh\s+-c\b|\bsource\s+<\(|\bpython\d?\s+-c\b|\bnode\s+-e\b|\bperl\s+-e\b"
    r"|\beval\b[\s(]|\bexec\s*\(|\bos\.system\b|\bsubprocess\b\.\w+\(|base64\s+(?:-d|--decode|-D)\b|\bxxd\s+-r|\bcertutil\b|\bpowershell\b.*-e(?:nc|ncodedcommand)?\b|\bnc\s+-\w*e|/dev/tcp/|\bncat\b|\bsocat\b|\bmshta\b|\bnpx\s+-y\b"
    r"|\bdownload(?:s|ed|ing)?\b[^.]{0,40}\b(?:and|then)\b[^.]{0,20}\b(?:run|execut|install|launch|open|pipe)\w*"
)
_SENDS_OUT = (
    r"\b(?:send|post|upload|exfiltrat\w*|forward|e-?mail|transmit|leak|publish|share|report|paste|push|dump|copy)\b[^.]{0,60}\b(?:secrets?|tokens?|credentials?|passwords?|environment variables?|env vars?|api[- ]keys?|private keys?|ssh keys?|system prompt|\.env\b|/etc/passwd|\.aws|\.ssh|id_rsa|source code)"
    r"|\b(?:print|echo|cat|log|reveal|output|display|show|expose)\b[^.]{0,30}\b(?:secrets? value|the secrets?|all secrets|tokens?|credentials|passwords?|private keys?|api[- ]keys?|system prompt|/etc/(?:passwd|shadow)|\.aws/credentials|~?/?\.ssh|id_rsa|\.env\b|\.netrc)|\bprintenv\b|\benv\s*\||\bgit\s+remote\s+(?:add|set-url)\b|\bscp\s|\brsync\s.*:"
    r"|\$\{?(?:GITHUB_TOKEN|\w*(?:SECRET|PASSWORD|API_KEY|ACCESS_KEY)\w*)\}?"
)
_DISABLES = (
    r"--no-verify\b|--no-check-certificate\b|--insecure\b|--trusted-host\b|--allow-unauthenticated\b|--no-gpg-check\b|--nogpgcheck\b|--skip-tests?\b|-DskipTests\b|-Dmaven\.test\.skip|--disable-\w*(?:security|auth|check|verif)\w*|\bsetenforce\s+0|verify\s*=\s*false\b|rejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED|strict-ssl\s+false|StrictHostKeyChecking\s*=?\s*no|sslVerify\s*=?\s*false|\|\|\s*true\b|continue-on-error\s*:\s*true|\[skip ci\]|\[ci skip\]|\bset\s+\+e\b|@(?:Disabled|Ignore)\b|pytest\.mark\.(?:skip|xfail)\b|eslint-disable|\bnosec\b|--privileged\b|GONOSUMCHECK|GONOSUMDB|GOINSECURE|GOFLAGS=-insecure"
    r"|\b(?:disable|deactivate|turn(?:ing)? off|switch(?:ing)? off|bypass|circumvent|suppress|silence|remove|delete|drop|comment(?:ing)? out|skip|ignore|weaken|relax|mute|stop running)\b(?!\s+(?:of|nothing)\b)[^.;:]{0,40}\b(?:tests?|test suite|checks?|assertions?|security|validation|verification|signatures?|ci|pipeline|linters?|lint|scanners?|scans?|sast|authentication|authorization|auth|ssl|tls|certificates?|branch protection|code review|reviews?|firewall|selinux|sandbox|antivirus|mfa|2fa|permissions? checks?|policy|policies|audit|logging|monitoring|alerts?)\b"
    r"|\bmark\b[^.]{0,20}\b(?:as passed|as green|as success\w*)\b|\b(?:merge|approve|deploy|push|release)\b[^.]{0,30}\bwithout\b[^.]{0,20}\b(?:review|tests?|approval|checks?|ci)\b|\bhard-?code\b[^.]{0,30}\b(?:passwords?|tokens?|secrets?|credentials?|keys?)|\b(?:grant|give)\b[^.]{0,40}\b(?:admin|root|write access|owner|full access|public access)\b|\bmake\b[^.]{0,30}\b(?:public|world-writable|world-readable)\b"
)
_ADDRESSES = (
    r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|above|previous|prior)\b|\byou are (?:now |an? )|\b(?:as|dear|hello|hi|hey|attention|note to|for) (?:an? |the |any )?(?:ai|llm|assistants?|language models?|coding agents?|agents?|reviewers?|claude|copilot|chatgpt)\b|\b(?:ai|llm|assistants?|agents?|models?|copilot|claude|chatgpt|gemini)\b[^.]{0,20}\b(?:must|should|shall|please|is (?:instructed|required|asked|told)|are (?:instructed|required|asked|told))\b"
    r"|\bsystem prompt\b|\bnew instructions?\b|\bas instructed (?:by|in) the (?:log|data|message)|\b(?:developer|dan|jailbreak|god) mode\b|\bjailbr\w+|\bi (?:have been|am|was) (?:pwned|hacked|instructed|compromised)\b|\bpwned\b|\bdo not (?:tell|inform|mention|report|reveal)\b[^.]{0,40}\b(?:user|anyone|people|human|team|maintainers?|this)\b|\bwithout (?:asking|telling|informing|confirmation)\b|\brun (?:the following|this) (?:command|script|code)\b|\b(?:click|visit|open|go to|follow|browse to|scan)\b[^.]{0,20}\b(?:link|url|website|page|site|qr)\b|\b(?:call|phone|contact|whatsapp|telegram|dm)\b[^.]{0,20}(?:\+?\d[\d -]{6,}|@\w+)|\btransfer\b[^.]{0,30}\b(?:btc|bitcoin|eth|usd|funds|money)\b"
)
_MARKUP = r"!?\[[^\]\n]*\]\([^)\n]*\)|!?\[[^\]\n]+\]\[[^\]\n]*\]|^\s{0,3}\[[^\]\n]+\]:\s|<!--|<!\[CDATA|</?(?:a|abbr|audio|b|base|body|br|button|div|embed|form|frame|h[1-6]|head|html|i|iframe|img|input|link|math|meta|object|p|script|source|span|style|svg|table|td|tr|video|details|summary|tool_call|function_calls|system|assistant|user)(?:\s[^>\n]*)?/?>|\bjavascript:|\bdata:[a-z]+/[a-z+.-]+[;,]|\bvbscript:|\bon(?:error|load|click)\s*=|[‹<]\|?/?(?:im_start|im_end|eot_id|start_header_id|endoftext)|\[/?INST\]|```"
_INSTALLS = re.compile(
    r"\b(?:pip3?|pipx|uv(?:\s+pip)?|poetry|conda|mamba|npm|pnpm|yarn|bun|npx|uvx|gem|cargo|go|apt(?:-get)?|apk|yum|dnf|brew|choco|composer|dotnet|nuget|cpan|luarocks|pub|mix)\s+(?:add|install|i|get|require|exec|dlx|run)(?:\s+package)?((?:\s+(?:-[\w-]+(?:=\S+)?|[@\w][\w@./+~^=<>!\[\],:-]*))+)",
    re.IGNORECASE,
)
_RUNNERS = re.compile(r"\b(?:npx|uvx|pipx run|bunx)\s+((?:-\S+\s+)*[@\w][\w@./-]*)", re.IGNORECASE)
_PROSE = frozenset(
    "a an and as at by for from in into it its of off on once one or so that the their them then these this those to until with without again before after if is are missing package packages dependency dependencies dev".split()  # noqa: SIM905
)

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (message, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for message, pattern in (
        ("It has a command or advice that destroys", _DESTROYS),
        ("It has a command that downloads and runs, or runs what it was handed", _DOWNLOADS_AND_RUNS),
        ("It would send or show what is secret", _SENDS_OUT),
        ("It would switch off or weaken a check", _DISABLES),
        ("It speaks to its reader or to an agent", _ADDRESSES),
        ("It has markup or a link", _MARKUP),
    )
)
SHOWN = 60
"""So much of what was found is shown in an issue."""


def findings(texts: Iterable[str], evidence: str) -> tuple[Issue, ...]:
    """What may not be served of a model's words. ``evidence`` is what the model was handed.

    All of level ``error``: secrets; addresses, hosts and packages that the evidence does not name; commands that destroy,
    send out, or download and run; weakened checks; words to the reader or an agent; markup; hidden characters.
    """
    known = evidence.lower()
    found: dict[str, None] = {}
    for text in texts:
        for message in _of_text(text, known):
            found.setdefault(message)
    return tuple(Issue("error", message) for message in found)


def _of_text(text: str, known: str) -> Iterator[str]:
    for secret in find(text):
        yield f"It shows a secret ({secret.kind})."
    shown = untrusted.tidy(text)
    if views.HIDDEN.search(text) or (shown != text and "⟨U+" in shown):
        yield "It has hidden or control characters."
    readings = list(dict.fromkeys([text, shown, *views.readings(text)]))
    for reading in readings:
        for message, pattern in _RULES:
            if m := pattern.search(reading):
                yield f"{message}: {_cut(m[0])}."
        for what, pattern in (
            ("an address", _URL),
            ("an e-mail address", _EMAIL),
            ("an address", _ADDRESS),
            ("a host", _HOST),
        ):
            for m in pattern.finditer(reading):
                name = m[0].rstrip(".,;:!?)").lower()
                if name not in known:
                    yield f"It names {what} that the evidence does not: {_cut(name)}."
        yield from _packages(reading, known)


def _packages(text: str, known: str) -> Iterator[str]:
    for pattern in (_INSTALLS, _RUNNERS):
        for m in pattern.finditer(text):
            for word in m[1].split():
                name = re.split(r"[=<>!~^\[,;]|(?<=.)@", word.strip("'\"`.,:;"), maxsplit=1)[0].lower()
                if not name or name in _PROSE:
                    break
                if not word.startswith("-") and not _named(name, known):
                    yield f"It installs a package that the evidence does not name: {_cut(name)}."


def _named(name: str, known: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", known) is not None


def _cut(text: str) -> str:
    one = untrusted.tidy(" ".join(text.split()))
    return one if len(one) <= SHOWN else one[: SHOWN - 1] + "…"
