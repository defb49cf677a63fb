"""Bodies that are read as files: how the description shows them, and the refusal of what it does not allow.

The readers behind take what tools write, also where it is not quite right, since nobody can ask a file again. Who sends
a body can be told what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from banana_assets.core.builds.results import TestResult
from banana_assets.core.errors import InputError
from banana_assets.interfaces.api.models import Number

TEXT: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    # Tab, line ends, bell, backspace, form feed and escape stand in logs of terminals; other control characters do not.
    "pattern": r"^[^\x00-\x06\x0b\x0e-\x1a\x1c-\x1f\x7f]+$",
    "description": "The log as it is, or packed with gzip or zstd: told apart by the first bytes.",
}
PART: dict[str, Any] = TEXT | {"description": "A part of the log, or of its gzip or zstd stream, wherever it is cut."}

NAMED = r"[^\s\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff]"
"""What a test's name has at least one character of."""

_ATTRIBUTE = {"xml": {"attribute": True}}
JUNIT: dict[str, Any] = {
    "type": "object",
    "description": "A report in JUnit's form; `testsuites` may stand around several. Further elements and attributes "
    "of JUnit, Surefire, pytest and jest are read too: `failure`, `error`, `skipped`, `rerunFailure`, `time`, `file`.",
    "xml": {"name": "testsuite"},
    "required": ["testcase"],
    "properties": {
        "name": {"type": "string"} | _ATTRIBUTE,
        "testcase": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "xml": {"name": "testcase"},
                "required": ["name"],
                "properties": {
                    # Without a type: what stands in an attribute is text, also where it reads null or 7.
                    "name": {"pattern": NAMED, "description": "text"} | _ATTRIBUTE,
                    "classname": {"type": "string"} | _ATTRIBUTE,
                },
            },
        },
    },
}

_TIME = r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z"
_METRIC = r"[A-Za-z_][A-Za-z0-9_.:/-]{0,99}"
_READING = r"-?[0-9]{1,12}(\.[0-9]{1,9})?"
READINGS: dict[str, Any] = {
    "type": "string",
    "pattern": rf"^ts,metric,value(\n{_TIME},{_METRIC},{_READING})+\n?$",
    "description": "CSV: `ts,metric,value` as in the pattern, or `ts` and a column of numbers for each metric. Times "
    "are ISO 8601. Where a metric's name ends in a unit (`_mib`, `_ms`), its values are turned into bytes or seconds.",
}


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")


Whole = Annotated[int, Number]


class SarifMessage(_Part):
    """Its text, or the id of one of the rule's texts."""

    text: str | None = None
    markdown: str | None = None
    id: str | None = None
    arguments: list[str] | None = None


class SarifArtifact(_Part):
    """A file, by its address or its place among the run's artifacts."""

    uri: str | None = None
    index: Whole | None = None


class SarifRegion(_Part):
    """Where in the file, from 1."""

    start_line: Whole | None = None
    start_column: Whole | None = None


class SarifPhysicalLocation(_Part):
    """A place in a file."""

    artifact_location: SarifArtifact | None = None
    region: SarifRegion | None = None


class SarifLocation(_Part):
    """A place."""

    physical_location: SarifPhysicalLocation | None = None


class SarifResult(_Part):
    """Something that the tool found. ``level`` is error, warning, note or none."""

    message: SarifMessage
    rule_id: str | None = None
    rule_index: Whole | None = None
    level: str | None = None
    kind: str | None = None
    baseline_state: str | None = None
    locations: list[SarifLocation] | None = None


class SarifDriver(_Part):
    """The tool itself."""

    name: str


class SarifTool(_Part):
    """The tool and its extensions."""

    driver: SarifDriver


class SarifRun(_Part):
    """One run of one tool."""

    tool: SarifTool
    results: list[SarifResult] | None = None


class Sarif(_Part):
    """A report in SARIF 2.1.0; what it holds beyond these members is read where the standard says what it means."""

    version: str = Field(pattern=r"^2\.1")
    runs: list[SarifRun]


def check_sarif(data: bytes) -> None:
    """Raise InputError for what is no SARIF by the members that are read."""
    try:
        Sarif.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(map(str, first["loc"])) or "its beginning"
        raise InputError(
            f"The SARIF report is wrong at {where}: {first['msg']}.", "Let the tool write SARIF 2.1.0."
        ) from error


def check_tests(tests: Sequence[TestResult]) -> None:
    """Raise InputError for a report without a test, or with a test that has no name."""
    if not tests:
        raise InputError("The test report holds no test.", "Send it when tests have run.")
    if nameless := sum(1 for test in tests if not re.search(NAMED, test.name)):
        raise InputError(f"The test report has tests without a name: {nameless}.", "Name each testcase.")


def described(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    """How an operation that reads its body itself is described."""
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


def sarif_schema() -> dict[str, Any]:
    """SARIF as JSON Schema, without references."""
    whole = Sarif.model_json_schema()
    return dict(_inlined(whole, whole.pop("$defs")))


def _inlined(value: Any, parts: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(parts[value["$ref"].rpartition("/")[2]], parts)
    return {name: _inlined(one, parts) for name, one in value.items() if name != "title" or not isinstance(one, str)}
