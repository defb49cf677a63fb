"""What leaves is masked, however deep it lies, and stays itself where there is nothing to mask."""

from __future__ import annotations

from banana_assets.core.safety.serving import served


def test_texts_at_any_depth_are_masked() -> None:
    value = {"a": [{"pack": "x\npassword=hunter2x\ny", "n": 3}], "b": ("fine", None), "c": "ghp_" + "a1B2" * 9}
    assert served(value) == {
        "a": [{"pack": "x\npassword=[masked password]\ny", "n": 3}],
        "b": ("fine", None),
        "c": "[masked github_token]",
    }


def test_without_a_secret_the_value_itself_comes_back() -> None:
    value = {"rows": [{"x": "token expected", "t": 1.5}]}
    assert served(value) is value
    assert served("plain") == "plain"
