from __future__ import annotations

import pytest

from banana_assets.core.errors import InputError
from banana_assets.core.ids import begun, found


@pytest.mark.parametrize(
    ("told", "name"), [("api-1", "api-1"), ("web", "web-7"), ("-12", "api-12"), ("api-2", "api-2")]
)
def test_an_id_may_be_cut(told: str, name: str) -> None:
    assert found(told, ["api-1", "api-12", "api-2", "web-7"], "build", "List them.") == name


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("api", "may be api-1, api-12, api-2"),
        ("zzz", "There is no build zzz. List them."),
        ("wbe-7", "The nearest is web-7."),
        ("", "There is no build"),
    ],
)
def test_what_is_not_one_build_is_refused_with_the_nearest(told: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        found(told, ["api-1", "api-12", "api-2", "web-7"], "build", "List them.")
    assert said in str(refused.value)


@pytest.mark.parametrize(("told", "name"), [("abcd", "abcd"), ("abcd12", "abcd12ef"), ("ff00", "ff00")])
def test_a_hash_may_be_cut_at_its_end(told: str, name: str) -> None:
    assert begun(told, ["abcd", "abcd1", "abcd12ef", "ff00"], "plan", "List them.") == name


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("ff0", "There is no plan ff0. List them."),
        ("bcd1", "There is no plan bcd1."),
        ("", "There is no plan ."),
        ("abcd1", "abcd1 may be abcd1a, abcd1b. Say which"),
    ],
)
def test_too_few_characters_the_middle_and_what_several_begin_with_are_refused(told: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        begun(told, ["abcd1a", "abcd1b", "ff00"], "plan", "List them.")
    assert said in str(refused.value)
