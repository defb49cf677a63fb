"""How bad a log line is, as OpenTelemetry severity numbers: by its level word, or by what it says where it has none.

Numbers: OpenTelemetry Logs Data Model, "Severity Fields" (1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error,
21-24 fatal) with its appendix's mapping of syslog (RFC 5424), log4j, java.util.logging and Apache levels.
"""

from __future__ import annotations

import polars as pl

LEVELS: dict[str, int] = {
    "all": 1,
    "trace": 1,
    "trce": 1,
    "finest": 1,
    "verbose": 1,
    "vrb": 1,
    "finer": 2,
    "fine": 5,
    "debug": 5,
    "dbg": 5,
    "dbug": 5,
    "config": 5,
    "log": 9,
    "info": 9,
    "inf": 9,
    "information": 9,
    "informational": 9,
    "success": 9,
    "audit": 9,
    "notice": 10,
    "note": 10,
    "warn": 13,
    "wrn": 13,
    "warning": 13,
    "deprecated": 13,
    "err": 17,
    "error": 17,
    "fail": 17,
    "failure": 17,
    "severe": 17,
    "exception": 17,
    "crit": 18,
    "critical": 18,
    "alert": 19,
    "panic": 21,
    "fatal": 21,
    "ftl": 21,
    "emerg": 21,
    "emergency": 21,
}
"""Level word (lower case) to OpenTelemetry severity number."""

LETTERS: dict[str, int] = {"V": 1, "T": 1, "D": 5, "I": 9, "N": 10, "W": 13, "E": 17, "C": 18, "A": 19, "F": 21}
"""One-letter levels (Android, glog, klog) to severity number."""

SYSLOG: tuple[int, ...] = (21, 19, 18, 17, 13, 10, 9, 5)
"""RFC 5424 severity 0..7 to severity number."""

LEVEL_WORDS = (
    "(?i:" + "|".join(sorted((w for w in LEVELS if w not in ("all", "log", "note")), key=lambda w: (-len(w), w))) + ")"
)
"""Regular expression of the level words that a header can carry."""

_ALARM = r"(?:errors?|failures?|exceptions?|warnings?|faults?)"
_ZERO = (
    rf"(?i)(?:\b0[ -]+(?:\w+ )?{_ALARM}\b"
    r"|\b(?:errors?|fail(?:ed|ures?)?|exceptions?|warnings?)\b\W{0,3}(?:=|:| is)? ?0\b"
    r"|\b0 (?:failed|failing)\b|\berror[-_ ]?(?:code|no|num|level|status)\W{0,3}0\b)"
)
"""Wording that counts no failure. In shortened text its 0 may stand for any number."""

_NOTHING = (
    rf"(?i)(?:\b(?:no|zero|without(?: any)?)[ -]+(?:\w+ )?{_ALARM}\b"
    r"|\b(?:errors?|fail(?:ed|ures?)?|exceptions?|warnings?)\b\W{0,3}(?:=|:| is)? ?(?:none|null|false|no)\b"
    r"|\berror[-_ .](?:log|handler|handling|reporting|rate|page)s?\b|-{1,2}w?error\b|\bon-?error\b"
    r"|\bignor(?:e|ing) errors?\b)"
)
"""Wording in which an alarming word says that nothing went wrong."""

_FATAL = r"(?i)\b(?:fatal|panic(?:ked)?|kernel oops|core dumped|segmentation fault|segfault|out of memory|oom-killer)\b"
_ERROR = (
    r"(?i:\b(?:errors?|err|fail(?:ed|ure|ures|s|ing)?|failing|critical|severe|exceptions?|traceback|abort(?:ed|ing)?"
    r"|denied|refused|unreachable|corrupt(?:ed|ion)?|crash(?:ed)?|cannot|can't|could not|couldn't|unable to)\b)"
    r"|[a-z](?:Error|Exception|Failure)\b|\bE(?:RROR|_FAIL)\b"
)
_WARN = (
    r"(?i)\b(?:warn(?:ing|ings)?|deprecat(?:ed|ion)|timed? ?out|timeout|retry(?:ing)?|invalid|illegal|not found|missing"
    r"|unknown|unexpected|unrecognized|disconnect(?:ed|ing)?|rejected|unavailable|exceeded|throttl(?:ed|ing)|expired)\b"
)


# Word boundaries as ASCII sees them: Unicode ones make the engine many times slower on text that is not ASCII.
_NOTHING, _ZERO, _FATAL, _ERROR, _WARN = (
    pattern.replace(r"\b", r"(?-u:\b)") for pattern in (_NOTHING, _ZERO, _FATAL, _ERROR, _WARN)
)


def level_number(text: pl.Expr) -> pl.Expr:
    """Severity number (Int16) of level words or letters, case and brackets ignored; null for what is no level.

    A bare digit 0..7 is read as RFC 5424 severity; of ``module:level`` the level counts.
    """
    word = text.str.strip_chars(" []()<>:,*|").str.replace(r"^\w+:", "")
    numbers = {**LEVELS, **{k.lower(): v for k, v in LETTERS.items()}, **{str(i): n for i, n in enumerate(SYSLOG)}}
    return word.str.to_lowercase().replace_strict(
        list(numbers), list(numbers.values()), default=None, return_dtype=pl.Int16
    )


def content_number(message: pl.Expr, *, shortened: bool = False) -> pl.Expr:
    """Severity number (Int16) read from a message without a level: 21, 17, 13, or 0 where nothing alarming is said.

    "0 errors", "no error found" or "failed=0" count for nothing. In ``shortened`` text, where ``0 errors`` may be any
    number of them, such wording counts as a warning.
    """
    zero = pl.lit(" warning ") if shortened else pl.lit(" ")
    told = message.str.replace_all(_NOTHING, " ").str.replace_all(_ZERO, zero)
    return (
        pl.when(told.str.contains(_FATAL))
        .then(21)
        .when(told.str.contains(_ERROR))
        .then(17)
        .when(told.str.contains(_WARN))
        .then(13)
        .otherwise(0)
        .cast(pl.Int16)
    )


def severity(level: pl.Series, message: pl.Series, *, shortened: bool = False) -> pl.Series:
    """Severity number (Int16) of each line: of its level word, or of its message where it has none."""
    frame = pl.DataFrame({"level": level, "message": message}).with_columns(number=level_number(pl.col("level")))
    if frame["number"].null_count() == 0:
        return frame["number"]
    frame = frame.with_row_index("row")
    told = frame.filter(pl.col("number").is_null()).select(
        "row", told=content_number(pl.col("message"), shortened=shortened)
    )
    whole = frame.select("row", "number").join(told, on="row", how="left", maintain_order="left")
    return whole.select(pl.coalesce("number", "told")).to_series()
