"""Secrets that are known by the name they are given to: ``password=...``, ``"api_key": "..."``, ``--token ...``.

A name may hold a secret and a log may only speak of one ("unexpected token: x", "password: required"), so each value is
judged with its name: what the name says, how it is joined, and whether the value could be a secret at all.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

from banana_assets.core.text import Late

_WORDS = r"pass(?:word|wd|phrase|code)|pwd|secret|token|api[_.-]?key|access[_.-]?key|account[_.-]?key|private[_.-]?key|sign(?:ing|ature)[_.-]?key|encryption[_.-]?key|master[_.-]?key|auth|credential|[_.-]key|[_.-]pass|sessionid|session[_.-]id|jsessionid|phpsessid"
_Q = r"\\*[\"'`]?"
_NAME = rf"(?P<n>[A-Za-z0-9_.-]*?(?:{_WORDS})[A-Za-z0-9_.-]*(?:\[[^\]\s]{{0,40}}\])?)"
_QUOTED = r"\\*\"(?P<dq>[^\"\r\n]*)\"|\\*'(?P<sq>[^'\r\n]*)'|`(?P<bq>[^`\r\n]*)`"
_BARE = r"(?P<v>[^\s\"'`<>:=][^\s\"'`<>]*)"

GATE = rf"(?i)(?:{_WORDS})"
PATTERNS = (
    # name = value, name: value, "name": "value", name => value, name := value, name=value in an address
    rf"(?i)(?:^|[^A-Za-z0-9_.-]){_NAME}{_Q}(?P<s>[ \t]*(?:=>|:=|===?|=|:)[ \t]*)(?:{_QUOTED}|{_BARE})",
    # --name value
    rf"(?i)(?:^|[\s\"'=\[,])(?P<s>--?){_NAME}[ \t]+(?:{_QUOTED}|{_BARE})",
    # ENV NAME value of a Dockerfile
    rf"(?:^|\s)ENV[ \t]+(?i:{_NAME})(?P<s>[ \t]+)(?:{_QUOTED}|{_BARE})",
    # <name>value</name>
    rf"(?i)<{_NAME}(?:\s[^<>\r\n]*)?(?P<s>>)(?P<v>[^<>\s][^<>\r\n]*)</",
    # <add key="name" value="value"/>, {"name": "NAME", "value": "value"}
    rf"(?i)\b(?:name|key)\\*[\"']?\s*[:=]\s*\\*[\"']?{_NAME}\\*[\"']?,?(?P<s>\s*)\\*[\"']?\bvalue\\*[\"']?\s*[:=]\s*(?:{_QUOTED}|{_BARE})",
    # name: | and the value on the next line
    rf"(?i)(?:^|[^A-Za-z0-9_.-]){_NAME}{_Q}(?P<s>[ \t]*:[ \t]*[|>][-+]?[ \t]*\r?\n(?:\[?[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][^ ]+)?[ \t]*)(?P<v>[^\s\"'`<>]+)",
)
"""``n`` is the name, ``s`` how it is joined to its value, which stands in ``dq``, ``sq``, ``bq`` or ``v``."""

VALUES = ("dq", "sq", "bq", "v")

_PASSWORD = Late(r"(?:pass(?:word|wd|phrase|code)|pwd|[_.-]pass)$")
_STRONG = Late(
    r"(?:secret|api[_.-]?key|access[_.-]?key|private[_.-]?key|account[_.-]?key|secret[_.-]?key|signing[_.-]?key|encryption[_.-]?key|master[_.-]?key|credentials?|token|[_.-]auth|key[_.-]?base|session[_.-]?id|sessid)$"
)
_WEAK = Late(rf"(?:{_WORDS})[^_.-]*$")
_SUFFIX = Late(r"(?:[_.-]?(?:prod|production|dev|development|stag(?:e|ing)|value|base64|b64|old|new|[0-9]+))+$")
# Names that speak about a secret and hold none.
_ABOUT = Late(
    r"(?:^|[_.-])(?:name|ref|id|ids|path|file|files|dir|url|uri|endpoint|type|types|kind|length|len|count|counts|size|limit|max|min|expir\w*|ttl|age|policy|store|manager|provider|"
    r"version|usage|class|scope|scopes|at|in|on|header|headers|field|env|var|error|errors|exception|mode|format|method|methods|index|idx|position|pos|stream|list|set|map|"
    r"algorithm|alg|hash(?:er|ing)?|strength|prompt|label|hint|required|enabled|disabled|validator|reset|change|changed|check|checker|plugin|module|service|server|"
    r"factory|builder|handler|helper|config|configuration|settings?|options?|permissions?|status|state|budget|rotation|fingerprint|usage|kwargs|args|"
    r"(?:cache|primary|foreign|sort|partition|unique|host|registry|translation|config|by|with|on|missing|duplicate|invalid|group|restore|dict|map|object|idempotency|hash|index|lookup|row|column|"
    r"node|sub|any|json|yaml|dictionary|attribute|property|hot|short|arrow|enter|press|event|no|the|this|a)[_.-]?key|(?:test|first|second|single|all|must|[0-9]+)[_.-]?pass|"
    r"(?:unexpected|next|last|first|prev|previous|current|start|end|eof|eos|bos|pad|unk|sep|cls|mask|special|punctuation|lookahead|continuation|cancellation)[_.-]?token)$"
    r"|(?:name|path|file|url|type|tokens|secrets|passwords|keys|tokeniz\w*|author|authors|authority|authenticat\w*|authori[sz]\w*|bypass|compass|keyid|vocab\w*)$|public"
)
_PLACEHOLDER = Late(
    r"(?:[*x•.#_?-]{2,}|\.{2,}|<.*|\[.*\]?|\(.*\)?|\{.*\}?|\$.*|%.*%?|@.*@|!.*|&.*|\*+\S?|none|null|nil|true|false|undefined|nan|empty|unset|not[_ ]?set|missing|required|optional|string|str|bytes|int|integer|bool|boolean|object|any|"
    r"text|password|passwd|passphrase|secret|token|key|value|redacted|masked|hidden|filtered|removed|omitted|provided|expected|unexpected|invalid|valid|expired|incorrect|wrong|denied|failed|failure|error|ok|yes|no|on|off|"
    r"enabled|disabled|default|self|this|env|environ|process|os|config|settings?|options?|args?|kwargs|request|response|user|username|function|lambda|new|await|async|return|not|is|was|are|must|should|has|have|the|a|an|for|to|of|and|or|in|with|"
    r"basic|bearer|oauth2?|plain|login|digest|md5|sha\d*|scram\S*|trust|peer|ident|never|always|auto|generated|example|changeme_?|your[_-].*|my[_-]?(?:password|secret|token)"
    r"|\w*(?:password|passwd|secret|token|api_?key)\w*_(?:here|goes_here|placeholder))",
    re.IGNORECASE,
)
_VARIABLE = Late(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:TOKEN|PASSWORD|SECRET|KEY|PASS|PWD|PASSPHRASE|CREDENTIALS)")
_CODE = Late(
    r"^[A-Za-z_][\w.]*(?:\(.*|\[.*)$|^(?:self|this|os|process|config|settings|request|env|secrets|vars|inputs|github|props|state|data|args|opts|options|params|steps|needs|matrix)\.[A-Za-z_][\w.-]*,?$|^[A-Z_][A-Z0-9_]*\.[A-Za-z_][\w.]*$|::|->|=>"
)
_UUID = Late(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = Late(r"(?:sha\d+[:-])?[0-9a-f]+", re.IGNORECASE)
_NUMBER = Late(r"[-+]?[\d.,:]+(?:[smhdkMG]|ms|min|[KMG]i?B)?")
_PATHLIKE = Late(r"(?:[a-z]+://|\.{0,2}/|~/|[A-Za-z]:\\)")
_WORDLIKE = Late(r"[A-Za-z]?[a-z]*(?:[-'/._][A-Za-z]?[a-z]+)*[.,:;!?)]*|[A-Z]+[.,:;!?)]*")
_CAMEL = Late(r"([a-z])([A-Z])")


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    n = len(text)
    return -sum(c / n * math.log2(c / n) for c in Counter(text).values()) if n else 0.0


def random_looking(value: str, *, least: int = 16) -> bool:
    """Whether a value looks drawn by a machine: long enough, digits and letters mixed, and few characters repeated."""
    return (
        len(value) >= least
        and any(c.isdigit() for c in value)
        and any(c.isalpha() for c in value)
        and not any(c in " ()" for c in value)
        and entropy(value) > min(3.0, 0.75 * math.log2(len(value)))
    )


def placeholder(value: str) -> bool:
    """Whether a value only stands for one: ``****``, ``${TOKEN}``, ``<token>``, ``None``, ``required``."""
    return _PLACEHOLDER.fullmatch(value) is not None or _VARIABLE.fullmatch(value) is not None


def kind_of(name: str) -> str:
    """What is masked: ``password``, ``token``, ``api_key``, ``secret`` or ``credential``, by the name's words."""
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


@lru_cache(4096)
def _standing(name: str) -> str:
    """What a name says of its value: ``none``, ``password``, ``strong`` or ``weak``."""
    low = _SUFFIX.sub("", re.sub(r"\[.*\]$|[\s.-]+$", "", _CAMEL.sub(r"\1_\2", name)).lower().lstrip("-."))
    if _ABOUT.search(low):
        return "none"
    if _PASSWORD.search(low):
        return "password"
    return "strong" if _STRONG.search(low) else "weak" if _WEAK.search(low) else "none"


def holds_secret(name: str, joined: str, value: str, *, quoted: bool, rest: str) -> bool:
    """Whether ``value`` is one to be masked; ``rest`` is what follows it on the line."""
    bare = value.strip().strip("\\,;")
    standing = _standing(name)
    if standing == "none" or len(bare) < 3 or placeholder(bare) or (not quoted and _CODE.search(bare)):
        return False
    if _PATHLIKE.match(bare) and not random_looking(bare.lstrip("./~"), least=24):
        return False
    given = quoted or "=" in joined or ":" not in joined
    if bare.lower() == name.lower() or (joined.startswith("-") and bare.startswith("-")):
        return False
    if "==" in joined and _NUMBER.fullmatch(bare):
        return False
    if standing == "password":
        # "password: word" alone on its line is a setting; a plain word followed by others is prose.
        return given or not rest.strip(" \t,;}])\"'") or not _WORDLIKE.fullmatch(bare)
    if standing == "strong":
        if given and ("token" not in name.lower() or not quoted) and len(bare) >= 6 and not _NUMBER.fullmatch(bare):
            return not _WORDLIKE.fullmatch(bare) or "token" not in name.lower()
        return random_looking(bare, least=8)
    if _NUMBER.fullmatch(bare) or _UUID.fullmatch(bare) or _HEX.fullmatch(bare):
        return False
    return random_looking(bare, least=20) and "." not in bare[:-1] and "/" not in bare[:-1].rstrip("=")
