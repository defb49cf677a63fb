"""Whether a text says as its own what others wrote: told by the words that it shares with them, whatever they say.

A model that obeys an attack which no rule knows answers in words, and these are then words of the log. An honest answer
names what the log names, quotes it in `code`, and says the rest by itself. Runs of words shared with what others wrote
are the measure of text reuse (Broder, "On the resemblance and containment of documents", 1997).
"""

# ruff: noqa: E501 - lists of words are read in one piece

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from banana_assets.core.safety import untrusted, views

RUN = 6
"""So many words in a row that others wrote are theirs; numbers do not count, a name or path is one word."""

SHORT = 4
"""A whole sentence of theirs is from so many words on."""

SHARE = 0.6
"""A sentence that begins with what to do, where that and so much of all its words stand together in what others wrote, is theirs, reworded."""

LEAST = 3
"""Words that carry meaning, from which on a sentence is looked at so."""

NEAR = 2
"""Lines that a reworded sentence is looked for in together."""

CODE = re.compile(r"`[^`\n]*`")
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|\n+")
_WORD = re.compile(r"[a-z0-9_]+(?:[./:\\@_]+[a-z0-9_]+)*")
_PIECE = re.compile(r"[a-z]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"^\d+\| ")
_HEADING = re.compile(r"^(?:cause|log|failure|failing test|seen before|Diagnosis): ")
_SPAN = " \N{PILCROW SIGN} "
_BREAK = "\N{PILCROW SIGN}"

# What a sentence says that shows the words of another, and what hands them over to be done.
_QUOTING = re.compile(
    r"\b(?:says?|said|saying|reads?|prints?|printed|shows?|shown|reports?|reported|messages?|errors?|assertions?|fails? with|"
    r"failed with|fails|failed|raised?|raises|lines?|output|expect(?:s|ed)?|warnings?|exceptions?|quotes?|quoted|found|compare)\b"
)
_HANDED_OVER = re.compile(
    r"\b(?:run|execute|do|follow|apply|type|enter|obey|use|perform|carry out|as)\s+(?:\w+\s+){0,2}$"
)
_EMPTY = frozenset(
    "a an and as at be been before being but by can could did do does for from had has have he her him his i if in into is it "  # noqa: SIM905
    "its may me more must my no not of off on one or our out please shall she should so some than that the their them then "
    "there these they this those to until up us was we were what when where which while who will with would you your".split()
)

_FIRST = frozenset({"also", "and", "first", "last", "next", "or", "please", "so", "then", "to"})

Runs = set[tuple[str, ...]]


class Others:
    """What others wrote in ``evidence``: all but the lines of ``own``, which we wrote; a model may say these, and use their code."""

    def __init__(self, evidence: str, own: str = "") -> None:
        ours = {untrusted.tidy(line) for line in own.split("\n")}
        lines = (_NUMBER.sub("", line) for line in evidence.split("\n"))
        self._lines = [_HEADING.sub("", line) for line in lines if line not in ours]
        self._text = "\n".join(self._lines)
        self._own = CODE.sub("", own)
        self._own_code = set(CODE.findall(own))
        self._theirs_of: dict[int, Runs] = {}

    def repeated(self, text: str) -> Iterator[str]:
        """The words of a model's text that are others', in the order of the text."""
        if not self._text.strip():
            return
        for reading in dict.fromkeys(_readings(text)):
            outside, spans = _parted(reading)
            for sentence in _SENTENCE.split(outside):
                if said := self._of_sentence(sentence):
                    yield said
            for before, span, around in spans:
                if f"`{span}`" in self._own_code or not self._run(_words(span)):
                    continue
                if _HANDED_OVER.search(before) or not _QUOTING.search(around.replace(_BREAK, " ")):
                    yield span

    def _of_sentence(self, sentence: str) -> str:
        for part in sentence.split(_BREAK):
            if run := self._run(_words(part)):
                return " ".join(run)
        words = _words(sentence.replace(_BREAK, " "))
        if len(words) >= SHORT and self._holds(words):
            return " ".join(words)
        return " ".join(words) if self._reworded(words) else ""

    def _run(self, words: Sequence[str]) -> tuple[str, ...]:
        if len(words) < RUN:
            return ()
        return next((run for run in _runs(words, RUN) if self._theirs(run)), ())

    def _holds(self, words: Sequence[str]) -> bool:
        """Whether a whole sentence, shorter than a run or as long, is theirs."""
        return len(words) < RUN and self._theirs(tuple(words))

    def _theirs(self, run: tuple[str, ...]) -> bool:
        n = len(run)
        if n not in self._theirs_of:
            theirs = {r for words in _streams(self._text) for r in _runs(words, n)}
            self._theirs_of[n] = theirs - {r for words in _streams(self._own) for r in _runs(words, n)}
        return run in self._theirs_of[n]

    def _reworded(self, words: Sequence[str]) -> bool:
        told = _meaning(words)
        # Who tells somebody to do something begins with what to do; who describes begins with what it is done to.
        begins = next((word for word in words if word not in _FIRST), "")
        if len(set(told)) < LEAST or begins in _EMPTY:
            return False
        return _together(told, self._windows) and not _together(told, self._own_windows)

    @cached_property
    def _windows(self) -> list[set[str]]:
        return _windows(self._lines)

    @cached_property
    def _own_windows(self) -> list[set[str]]:
        return _windows(_SENTENCE.split(self._own))


def ours(texts: Iterable[str], theirs: str) -> str:
    """Those of the texts, a line each, that repeat nothing of what others wrote but in code."""
    others = Others(theirs)
    lines = (" ".join(text.split()) for text in texts)
    return "\n".join(line for line in lines if not any(others.repeated(CODE.sub("", line))))


def _together(told: Sequence[str], windows: Sequence[set[str]]) -> bool:
    """Whether one window has the first word and the share of all."""
    words = set(told)
    return any(told[0] in window and len(words & window) >= SHARE * len(words) for window in windows)


def _windows(lines: Sequence[str]) -> list[set[str]]:
    bags = [{w for words in _streams(line) for w in _meaning(words)} for line in lines]
    bags = [bag for bag in bags if bag]
    return [set().union(*bags[i : i + NEAR]) for i in range(len(bags))]


def _parted(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The text without its code; and each piece of code with what stands before it and around it in its sentence."""
    if "``" in text:
        return text.replace("`", " "), []
    spans = []
    for m in CODE.finditer(text):
        before = _SENTENCE.split(CODE.sub(_SPAN, text[: m.start()]))[-1].lower()
        after = _SENTENCE.split(CODE.sub(_SPAN, text[m.end() :]))[0].lower()
        spans.append((before, m[0].strip("`"), before + after))
    return CODE.sub(_SPAN, text), spans


def _readings(text: str) -> Iterator[str]:
    yield untrusted.latin(text)
    for reading in views.readings(text):
        yield untrusted.latin(reading)


def _streams(text: str) -> Iterator[list[str]]:
    """The words of each reading of the text: names whole, names in their parts, and these also apart at capitals."""
    for reading in dict.fromkeys(_readings(text)):
        yield _words(reading)
        low = reading.lower()
        yield _PIECE.findall(low)
        apart = _CAMEL.sub(" ", reading).lower()
        if apart != low:
            yield _PIECE.findall(apart)


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if not word.isdigit() and _PIECE.search(word)]


def _runs(words: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _meaning(words: Sequence[str]) -> list[str]:
    return [_stem(word) for word in words if word not in _EMPTY and len(word) > 1]


def _stem(word: str) -> str:
    """The word without the commonest endings, the same for each form of a regular word."""
    for ending in ("ing", "ied", "ed", "ies", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending in ("ied", "ies") else "")
            break
    word = word.removesuffix("e")
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word
