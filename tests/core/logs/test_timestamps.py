from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.logs.timestamps import FORMATS, TimeFormat, loose, order_of

MOMENT = datetime(2023, 3, 7, 4, 5, 6, 789000, tzinfo=UTC)
WRITTEN = [
    ("iso", "2023-03-07T04:05:06.789Z"),
    ("iso", "2023-03-07 04:05:06,789"),
    ("iso", "2023/03/07 04:05:06.789"),
    ("iso", "2023-03-07-04.05.06.789000"),
    ("iso", "2023-03-07T06:05:06.789+02:00"),
    ("iso", "2023-03-06 21:05:06.789 -0700"),
    ("compact", "20230307-4:5:6:789"),
    ("compact", "20230307 04:05:06.789"),
    ("day month year", "07 Mar 2023 04:05:06.789"),
    ("slashed", "03/07/2023 04:05:06.789 AM"),
    ("slashed", "07.03.2023 04:05:06.789"),
    ("short year", "23/03/07 04:05:06.789"),
    ("epoch", "1678161906.789"),
    ("epoch", "1678161906789"),
    ("epoch", "1678161906789000"),
    ("syslog", "Mar  7 04:05:06.789"),
    ("month day", "03-07 04:05:06.789"),
    ("klog", "E0307 04:05:06.789000"),
]
WHOLE_SECONDS = [
    ("digits", "20230307T040506Z"),
    ("day month year", "07/Mar/2023:05:05:06 +0100"),
    ("asctime", "Tue Mar 07 04:05:06 2023"),
    ("asctime", "Tue Mar  7 04:05:06 UTC 2023"),
    ("syslog", "Mar  7 04:05:06"),
    ("six digits", "230307 040506"),
]


def parse(name: str, text: str, year: int = 2023, now: datetime | None = None) -> datetime | None:
    return TimeFormat(name, order_of(name, [text])).parse(pl.Series([text]), year=year, now=now)[0]


@pytest.mark.parametrize(("name", "text"), WRITTEN)
def test_every_way_of_writing_means_the_same_moment(name, text):
    assert parse(name, text) == MOMENT


@pytest.mark.parametrize(("name", "text"), WHOLE_SECONDS)
def test_ways_without_a_fraction(name, text):
    assert parse(name, text) == MOMENT.replace(microsecond=0)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31)))
def test_iso_round_trip(moment):
    assert parse("iso", moment.isoformat(sep=" ", timespec="microseconds")) == moment.replace(tzinfo=UTC)


def test_a_time_without_year_that_would_lie_ahead_is_of_the_year_before():
    now = datetime(2023, 1, 2, tzinfo=UTC)
    assert parse("syslog", "Dec 31 23:00:00", 2023, now) == datetime(2022, 12, 31, 23, tzinfo=UTC)
    assert parse("syslog", "Jan  1 23:00:00", 2023, now) == datetime(2023, 1, 1, 23, tzinfo=UTC)


def test_a_written_year_is_believed():
    now = datetime(2023, 1, 2, tzinfo=UTC)
    assert parse("iso", "2031-01-01 00:00:00", 2023, now) == datetime(2031, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2023-02-30 00:00:00", "2023-13-01 00:00:00", "2023-01-01 25:00:00", "tomorrow"])
def test_what_is_no_time_is_null(text):
    assert parse("iso", text) is None


def test_a_leap_second_is_kept_in_its_minute():
    assert parse("iso", "2016-12-31 23:59:60") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_the_order_of_day_and_month_follows_the_sample():
    assert order_of("slashed", ["12/31/2020 10:00:00", "01/02/2020 10:00:00"]) == "mdy"
    assert order_of("slashed", ["31/12/2020 10:00:00", "01/02/2020 10:00:00"]) == "dmy"
    assert order_of("short year", ["31/12/99 10:00:00"]) == "dmy"
    assert order_of("short year", ["20/12/31 10:00:00"]) == "ymd"


@pytest.mark.parametrize(("name", "text"), [*WRITTEN, *WHOLE_SECONDS])
def test_the_loose_form_fits_also_when_digits_are_shortened(name, text):
    import re

    assert re.fullmatch(loose(name), text)
    shortened = re.sub(r"(?<![A-Za-z\d])\d+", "0", text)
    assert re.fullmatch(loose(name), shortened), shortened


def test_every_format_is_named_and_compiles():
    import re

    assert all(re.compile(pattern) for pattern in FORMATS.values())
    assert timedelta(0) == parse("date", "2023-03-07") - datetime(2023, 3, 7, tzinfo=UTC)
