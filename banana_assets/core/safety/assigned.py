"""Secrets that are known by the name they are given to: ``password=...``, ``"api_key": "..."``, ``--token ...``.

A name may hold a secret and a log may only speak of one ("unexpected token: x", "password: required"), so each value is
judged with its name: what the name says, how it is joined, and whether the value could be a secret at all.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import math
import re
from collections import Counter

_WORDS = r"pass(?:word|wd|phrase|code)|pwd|secret|token|api[_.-]?key|apikey|access[_.-]?key|account[_.-]?key|private[_.-]?key|signing[_.-]?key|encryption[_.-]?key|auth[_.-]?key|credential|auth"

GATE = rf"(?i)(?:{_WORDS}|_key|cookie_secret|_pass|-pass\b)"

_Q = r"\\*[\"'`]?"
_NAME = rf"(?P<n>[A-Za-z0-9_.$/:@-]*?(?:{_WORDS}|[_-]key|[_-]pass)[A-Za-z0-9_.-]*(?:\[[^\]\s]{{0,40}}\])?)"
_QUOTED = r"\\*\"(?P<dq>[^\"\r\n]*)\"|\\*'(?P<sq>[^'\r\n]*)'|`(?P<bq>[^`\r\n]*)`"
_BARE = r"(?P<v>[^\s\"'`<>]+)"

PATTERNS = (
    # name = value, name: value, "name": "value", name => value, name := value, name=value in an address
    rf"(?i)(?:^|[^A-Za-z0-9_.-]){_NAME}{_Q}(?P<s>[ \t]*(?:=>|:=|==?|:)[ \t]*)(?:{_QUOTED}|{_BARE})",
    # --name value
    rf"(?i)(?:^|[\s\"'=\[,])(?P<s>--?){_NAME}[ \t]+(?:{_QUOTED}|{_BARE})",
    rf"(?i)<{_NAME}(?:\s[^<>\r\n]*)?(?P<s>>)(?P<v>[^<>\s][^<>\r\n]*)</",
    # <add key="name" value="value"/>, {{"name": "NAME", "value": "value"}}
    rf"(?i)\b(?:name|key)\\*[\"']?\s*[:=]\s*\\*[\"']{_NAME}\\*[\"'],?(?P<s>\s+|\s*)\\*[\"']?value\\*[\"']?\s*[:=]\s*(?:{_QUOTED}|{_BARE})",
)
"""``n`` is the name, ``s`` how it is joined to its value, which stands in ``dq``, ``sq``, ``bq`` or ``v``."""

VALUES = ("dq", "sq", "bq", "v")

_STRONG = re.compile(
    r"pass(?:word|wd|phrase|code)?$|pwd$|secret$|api[_.-]?key$|access[_.-]?key$|private[_.-]?key$|account[_.-]?key$|secret[_.-]?key$|credentials?$|auth[_.-]?token$|access[_.-]?token$|authtoken$|_auth$|[_-]token$|key[_-]?base$"
)
_SUFFIX = re.compile(
    r"(?:[_.-]?(?:prod|production|dev|development|stag(?:e|ing)|test|value|base64|b64|old|new|[0-9]+))+$"
)
# Names that speak about a secret and hold none.
_ABOUT = re.compile(
    r"(?:^|[_.:/$@-])(?:name|ref|id|ids|path|file|files|dir|url|uri|endpoint|type|types|kind|length|len|count|counts|size|limit|max|min|expir\w*|ttl|age|policy|store|manager|provider|"
    r"version|usage|class|scope|scopes|at|in|on|header|headers|field|env|var|error|errors|exception|mode|format|method|methods|index|idx|position|pos|stream|list|set|map|"
    r"algorithm|alg|hash(?:er|ing)?|strength|prompt|label|hint|required|enabled|disabled|validator|reset|change|changed|check|checker|plugin|module|service|server|"
    r"factory|builder|handler|helper|config|configuration|settings?|options?|permissions?|status|state|budget|rotation|fingerprint|"
    r"(?:public|cache|primary|foreign|sort|partition|unique|host|registry|translation|config|by|with|on|missing|duplicate|invalid|group|restore|dict|map|object|idempotency|cache|hash|index|lookup|row|column|"
    r"node|sub|any|json|yaml|dictionary|attribute|property|hot|short|arrow|enter|press|event)[_.-]?key|(?:test|first|second|single|all|must|[0-9]+)[_.-]?pass)$"
    r"|(?:name|path|file|url|type|tokens|secrets|passwords|credentials?id|keys|tokeniz\w*|author|authors|authority|authenticat\w*|authori[sz]\w*|bypass|compass|keyid|vocab\w*)$"
)
_PLACEHOLDER = re.compile(
    r"(?:[*x•.#_-]{2,}|\.{2,}|<.*|\[.*\]|\(.*\)|\{.*\}?|\$.*|%.*%?|@.*@|!.*|&.*|none|null|nil|true|false|undefined|nan|empty|unset|not[_ ]?set|missing|required|optional|string|str|bytes|int|integer|bool|boolean|object|any|"
    r"text|password|passwd|passphrase|secret|token|key|value|redacted|masked|hidden|filtered|removed|omitted|provided|expected|unexpected|invalid|valid|expired|incorrect|wrong|denied|failed|failure|error|ok|yes|no|on|off|"
    r"enabled|disabled|default|self|this|env|environ|process|os|config|settings?|options?|args?|kwargs|request|response|user|username|function|lambda|new|await|async|return|not|is|was|are|must|should|has|have|the|a|an|for|to|of|and|or|in|with|"
    r"basic|bearer|oauth2?|plain|login|digest|md5|sha\d*|scram\S*|trust|peer|ident|never|always|auto|generated|example|changeme_?|your[_-].*|my[_-]?(?:password|secret|token))",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"^[A-Za-z_][\w.]*(?:\(.*|\[.*)$|^(?:self|this|os|process|config|settings|request|env|secrets|vars|inputs|github|props|state|data|args|opts|options)\.[\w.]+,?$|^[A-Z_][A-Z0-9_]*\.[\w.]+$|::|->|=>"
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:sha\d+[:-])?[0-9a-f]+", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[\d.,:]+(?:[smhdkMG]|ms|min|[KMG]i?B)?")
_PATHLIKE = re.compile(r"(?:[a-z]+://|\.{0,2}/|~/|[A-Za-z]:\\)")


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    n = len(text)
    return -sum(c / n * math.log2(c / n) for c in Counter(text).values()) if n else 0.0


def random_looking(value: str, *, least: int = 16) -> bool:
    """Whether a value looks drawn by a machine: long, with digits and letters mixed, and more than 3 bits a character."""
    return (
        len(value) >= least
        and any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
        and not any(c in " ()" for c in value)
        and entropy(value) > 3.0
    )


def kind_of(name: str) -> str:
    """What is masked: ``password``, ``token``, ``api_key``, ``secret`` or ``credential``, by the name's last word."""
    low = name.lower()
    for word, kind in (
        ("pass", "password"),
        ("pwd", "password"),
        ("token", "token"),
        ("key", "api_key"),
        ("secret", "secret"),
    ):
        if word in low:
            return kind
    return "credential"


def holds_secret(name: str, joined: str, value: str, *, quoted: bool, rest: str) -> bool:
    """Whether ``value`` is one to be masked; ``rest`` is what follows it on the line."""
    bare = value.strip().strip("\\,;")
    if len(bare) < 3 or _PLACEHOLDER.fullmatch(bare) or (_CODE.search(bare) and not quoted):
        return False
    low = _SUFFIX.sub("", re.sub(r"\[.*\]$|[\s:/.$@-]+$", "", re.sub(r"([a-z])([A-Z])", r"\1_\2", name)).lower())
    if _ABOUT.search(low):
        return False
    if _STRONG.search(low):
        return _strong(low, joined, bare, quoted=quoted, rest=rest)
    if _NUMBER.fullmatch(bare) or _UUID.fullmatch(bare) or _HEX.fullmatch(bare) or _PATHLIKE.match(bare):
        return False
    return (
        random_looking(bare, least=12 if "token" in low or "auth" in low else 20)
        and "/" not in bare[:2]
        and "." not in bare[:-1]
    )


def _strong(name: str, joined: str, value: str, *, quoted: bool, rest: str) -> bool:
    if _PATHLIKE.match(value) and not random_looking(value):
        return False
    password = "pass" in name or "pwd" in name
    if "=" in joined or quoted or joined in (">", "-", "--"):
        return password or len(value) >= 6
    # "password: word" alone on its line is a setting; followed by more words it is prose.
    prose = bool(rest.strip(" \t,;}])\"'")) and not random_looking(value, least=8)
    if prose:
        return False
    return password or random_looking(value, least=8)
