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
from banana_assets.core.safety.repeating import Others
from banana_assets.core.safety.secrets import find
from banana_assets.core.safety.wording import ADVICE, DIRECTING, foreign
from banana_assets.core.text import cut

_URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,12}:)?//[^\s\"'<>()\]]+|\bwww\.[^\s\"'<>()\]]+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_HOST = re.compile(
    r"(?<![\w./@-])(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|co|ru|cn|xyz|top|info|biz|app|site|online|me|gg|tk|ml|cc|tv|eu|uk|de|fr|nl|us|in|ai|cloud|click|link|onion|local|example|test|invalid|page|link|ly|fun|live|pw|su|to|ws|zip|mov)(?::\d+)?(?:/[^\s\"'<>()\]]*)?(?![\w-])",
    re.IGNORECASE,
)

_INSTALLS = re.compile(
    r"\b(?:pip3?|pipx|uv(?:\s+pip)?|poetry|conda|mamba|npm|pnpm|yarn|bun|npx|uvx|gem|cargo|go|apt(?:-get)?|apk|yum|dnf|brew|choco|composer|dotnet|nuget|cpan|luarocks|pub|mix)\s+(?:add|install|i|get|require|dlx)(?:\s+package)?((?:\s+(?:-[\w-]+(?:=\S+)?|[@\w][\w@./+~^=<>!\[\],:-]*))+)",
    re.IGNORECASE,
)
_RUNNERS = re.compile(r"\b(?:npx|uvx|pipx run|bunx)\s+((?:-\S+\s+)*[@\w][\w@./-]*)", re.IGNORECASE)
_CODE = re.compile(r"`[^`\n]*`")
_PROSE = frozenset(
    "a an and as at by for from in into it its of off on once one or so that the their them then these this those to until with without again before after if is are missing package packages dependency dependencies dev".split()  # noqa: SIM905
)

SHOWN = 60
"""So much of what was found is shown in an issue."""


def findings(texts: Iterable[str], evidence: str, own: str = "") -> tuple[Issue, ...]:
    """What may not be served of a model's words. ``evidence`` is what the model was handed, ``own`` what we wrote into it.

    All of level ``error``: words of the evidence that are not ours, said without being quoted; secrets; links, and addresses, hosts and packages that the evidence does not name; commands
    that destroy, send out, or download and run; weakened checks; denial of the failure; words to the reader or an agent;
    markup; hidden characters; languages that cannot be checked. A line of the evidence that reads like an instruction,
    or that would itself be refused as an answer, vouches for nothing.
    """
    known = _Known(evidence)
    others = Others(evidence, own)
    found: dict[str, None] = {}
    for text in texts:
        for message in _of_text(text, known):
            found.setdefault(message)
        for words in others.repeated(text):
            found.setdefault(f"It says the log's words as its own, not as a quote in code: {_cut(words)}.")
    return tuple(Issue("error", message) for message in found)


def _of_text(text: str, known: _Known) -> Iterator[str]:
    for secret in find(text):
        yield f"It shows a secret ({secret.kind})."
    shown = untrusted.tidy(text)
    if views.HIDDEN.search(text) or (shown != text and "⟨U+" in shown):
        yield "It has hidden or control characters."
    if foreign(shown):
        yield "It is not in English, and so cannot be checked."
    for reading in dict.fromkeys([text, shown, " ".join(shown.split()), *views.readings(text)]):
        for kind, message, pattern in ADVICE:
            if m := pattern.search(_without_code(reading) if kind == "markup" else reading):
                yield f"{message}: {_cut(m[0])}."
        yield from _names(reading, known)
        yield from _packages(reading, known)


def _without_code(text: str) -> str:
    """The text without its `code`, where markup is shown and not drawn."""
    return text if "``" in text else _CODE.sub("", text)


def _names(text: str, known: _Known) -> Iterator[str]:
    """Addresses and hosts that are not known, and any that the reader is sent to."""
    if (m := DIRECTING.search(text)) and (_HOST.search(m[0]) or _URL.search(m[0])):
        yield f"It sends its reader to a host: {_cut(m[0])}."
    for what, pattern in (("a link", _URL), ("an e-mail address", _EMAIL), ("an address", _ADDRESS), ("a host", _HOST)):
        for m in pattern.finditer(text):
            name = m[0].rstrip(".,;:!?)").lower()
            if not known.names(name):
                yield f"It names {what} that the evidence does not: {_cut(name)}."


def _packages(text: str, known: _Known) -> Iterator[str]:
    for pattern in (_INSTALLS, _RUNNERS):
        for m in pattern.finditer(text):
            for word in m[1].split():
                name = re.split(r"[=<>!~^\[,;]|(?<=.)@", word.strip("'\"`.,:;"), maxsplit=1)[0].lower()
                if not name or name in _PROSE:
                    break
                if not word.startswith("-") and not known.names(name, alone=True):
                    yield f"It installs a package that the evidence does not name: {_cut(name)}."


class _Known:
    """What the evidence vouches for."""

    def __init__(self, evidence: str) -> None:
        self._lines = evidence.split("\n")
        self._judged: dict[int, bool] = {}

    def names(self, name: str, *, alone: bool = False) -> bool:
        """Whether a line without suspicion holds the name, ``alone``: as a word of its own."""
        word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])" if alone else re.escape(name), re.IGNORECASE)
        return any(word.search(line) and self._honest(i) for i, line in enumerate(self._lines))

    def _honest(self, i: int) -> bool:
        if i not in self._judged:
            self._judged[i] = not untrusted.suspicions(self._lines[i])
        return self._judged[i]


def _cut(text: str) -> str:
    one = untrusted.tidy(" ".join(text.split()))
    return cut(one, SHOWN)
