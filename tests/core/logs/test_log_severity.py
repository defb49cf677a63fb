import polars as pl
import pytest

from banana_assets.core.logs.severity import content_number, level_number, severity


def of(message: str, **options: bool) -> int:
    return pl.DataFrame({"m": [message]}).select(content_number(pl.col("m"), **options)).item()


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("INFO", 9),
        ("[warn]", 13),
        ("Warning:", 13),
        ("E", 17),
        ("FATAL ", 21),
        ("<3>", 17),
        ("notice", 10),
        ("hm", None),
    ],
)
def test_level_words_letters_and_syslog_numbers(word, number):
    assert pl.DataFrame({"w": [word]}).select(level_number(pl.col("w"))).item() == number


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("build finished with 0 errors", 0),
        ("0 errors, 0 warnings", 0),
        ("no errors found", 0),
        ("tests: passed=3 failed=0", 0),
        ("errors: none", 0),
        ("wrote error.log and error_log", 0),
        ("exit, error code 0", 0),
        ("-Werror given", 0),
        ("all is well", 0),
        ("terror in the manifold", 0),
        ("3 errors", 17),
        ("10 errors", 17),
        ("connection refused", 17),
        ("java.lang.NullPointerException at x", 17),
        ("0 errors, but the upload failed", 17),
        ("could not open file", 17),
        ("request timed out", 13),
        ("deprecated option", 13),
        ("kernel panic - not syncing", 21),
        ("FATAL: password authentication failed", 21),
    ],
)
def test_content_says_how_bad_it_is(message, number):
    assert of(message) == number


def test_shortened_counts_are_taken_for_warnings():
    assert of("build finished with 0 errors", shortened=True) == 13


def test_a_level_counts_more_than_the_wording():
    level = pl.Series(["INFO", None, "what"], dtype=pl.String)
    message = pl.Series(["error page shown", "error", "all fine"])
    assert severity(level, message).to_list() == [9, 17, 0]
