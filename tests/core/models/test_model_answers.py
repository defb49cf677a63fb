from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.models.answers import LONGEST_ANSWER, counted, parsed, texts
from banana_assets.core.models.schemas import strict
from banana_assets.core.models.types import ModelError, Usage

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "cause": {"type": "string", "maxLength": 9},
        "steps": {
            "type": "array",
            "maxItems": 2,
            "items": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]},
        },
    },
    "required": ["cause"],
    "additionalProperties": False,
}
USAGE = Usage(7, 3)


@pytest.mark.parametrize(
    "text",
    [
        '{"cause": "x"}',
        ' \n{"cause": "x"}\n',
        '```json\n{"cause": "x"}\n```',
        '```\n{"cause": "x"}```  ',
        '<think>\nHm {1}\n</think>\n{"cause": "x"}',
    ],
)
def test_json_is_read_also_out_of_a_fence(text: str) -> None:
    assert parsed(text, SCHEMA, usage=USAGE) == {"cause": "x"}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("", "invalid_json", "empty"),
        ('Sure! {"cause": "x"}', "invalid_json", "no JSON"),
        ('{"cause": "x"', "invalid_json", "at character 13"),
        ('{"cause": 1e999}', "invalid_json", "too large"),
        ('{"cause": NaN}', "invalid_json", "NaN"),
        ("[" * 200_000, "invalid_json", "no JSON"),
        ('["x"]', "wrong_schema", "no JSON object"),
        ("{}", "wrong_schema", "at $: required"),
        ('{"cause": "x", "more": 1}', "wrong_schema", "additionalProperties"),
        ('{"cause": "much too long for it"}', "wrong_schema", "at $.cause: maxLength 9"),
        ('{"cause": "x", "steps": [{"n": 0}]}', "wrong_schema", "at $.steps[0].n: minimum 1"),
        ('{"cause": ' + '{"a":' * 40 + "1" + "}" * 41, "wrong_schema", "nested"),
        ('{"cause": "' + "x" * LONGEST_ANSWER + '"}', "too_large", "characters"),
    ],
)
def test_what_is_no_answer_has_a_kind_a_place_and_its_price(text: str, kind: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        parsed(text, SCHEMA, usage=USAGE)
    assert (caught.value.kind, caught.value.usage) == (kind, USAGE)
    assert said in caught.value.message
    assert len(caught.value.message) < 300


def test_an_answer_that_ran_out_of_tokens_is_cut_even_when_it_is_json() -> None:
    with pytest.raises(ModelError) as caught:
        parsed('{"cause": "x"}', SCHEMA, usage=USAGE, finished=False)
    assert caught.value.kind == "truncated"


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_any_text_is_an_answer_or_a_failure(text: str) -> None:
    try:
        value = parsed(text, SCHEMA, usage=USAGE)
    except ModelError as error:
        kind = error.kind
    else:
        kind = "ok" if len(value["cause"]) <= 9 else "too long"
    assert kind in ("ok", "invalid_json", "wrong_schema")


@pytest.mark.parametrize("told", [(1, 2), (0, 0)])
def test_counts(told: tuple[int, int]) -> None:
    assert counted(*told) == Usage(*told)


@pytest.mark.parametrize("told", [(None, 1), (1, -1), (True, 1), (1.5, 1), ("1", 1), (10**30, 1)])
def test_what_is_no_count(told: tuple[object, object]) -> None:
    assert counted(*told) is None


def test_every_text_of_an_answer_is_found() -> None:
    assert list(texts({"a": ["b", {"c": "d"}], "e": 1, "f": None})) == ["a", "b", "c", "d", "e", "f"]


def test_a_strict_schema_requires_all_and_drops_bounds() -> None:
    found = strict(SCHEMA)
    assert found["required"] == ["cause", "steps"]
    assert found["properties"]["cause"] == {"type": "string"}
    assert found["properties"]["steps"]["items"] == {
        "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False,
    }  # fmt: skip
    assert "maxItems" not in json.dumps(found)
