"""Headers are learned from invented lines in the layouts that well-known systems write."""

import random

import polars as pl
import pytest

from banana_assets.core.logs.events import fields
from banana_assets.core.logs.header import Header, learn_header, prefix_pattern
from banana_assets.core.logs.severity import level_number

TEXT = "disk cache parity instruction address open the node link service started user data for packet lost"
WORDS = TEXT.split()


def make(seed: int = 1) -> random.Random:
    return random.Random(seed)


def clock(r: random.Random) -> str:
    return f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}"


def pid(r: random.Random) -> int:
    return r.randint(100, 29_999)


LAYOUTS = {
    "plain level": lambda r: f"{r.choice(['ERROR', 'INFO', 'WARN'])} ",
    "bracketed level": lambda r: f"[{r.choice(['ERROR', 'INFO', 'WARNING'])}] ",
    "python default": lambda r: f"{r.choice(['INFO', 'WARNING'])}:{r.choice(['root', 'app.db'])}:",
    "python formatted": lambda r: f"2024-01-01 {clock(r)},123 - {r.choice(['app.db', 'app.web'])} - INFO - ",
    "log4j": lambda r: (
        f"2024-01-01 {clock(r)},123 {r.choice(['INFO ', 'ERROR'])} [{r.choice(['main', 'pool 1'])}] a.b.C: "
    ),
    "logback dashes": lambda r: (
        f"2024-01-01 {clock(r)},123 - {r.choice(['INFO ', 'WARN '])} [Peer[id=1]/0:0:7:C@77] - "
    ),
    "spring": lambda r: (
        f"2024-01-01 {clock(r)}.123  INFO 12 --- [{'main':>15}] {r.choice(['o.s.Tomcat', 'c.App']):<20} : "
    ),
    "short year": lambda r: f"23/06/09 {clock(r)} {r.choice(['INFO', 'WARN'])} exec.{r.choice(['Task', 'Pool'])}: ",
    "glued digits": lambda r: f"081109 {r.randint(10, 23)}3615 {pid(r)} INFO dfs.{r.choice(['Node$Data', 'Tree'])}: ",
    "syslog": lambda r: f"Jun {r.randint(1, 30):2d} {clock(r)} host {r.choice(['cron', 'sshd(pam)'])}[{pid(r)}]: ",
    "syslog, some without pid": lambda r: f"Jun  9 {clock(r)} host {r.choice(['kernel', f'sshd[{pid(r)}]'])}: ",
    "syslog, names with blanks": lambda r: (
        f"Jul  9 {clock(r)} mac-1 {r.choice(['kernel[0]', 'Web Browser[3]', 'x.y[1] (z)'])}: "
    ),
    "rfc 5424": lambda r: (
        f"<{r.randint(1, 190)}>1 2003-10-11T{clock(r)}.003Z h{r.randint(1, 9)}.net app {pid(r)} ID7 - "
    ),
    "apache error": lambda r: f"[Sun Dec 04 {clock(r)} 2005] [{r.choice(['notice', 'error'])}] ",
    "apache access": lambda r: f"10.0.0.{r.randint(1, 254)} - {r.choice(['-', 'eve'])} [10/Oct/2000:{clock(r)} -0700] ",
    "elastic": lambda r: (
        f"[2024-01-01T{clock(r)},1][{r.choice(['INFO ', 'WARN '])}][o.e.{r.choice(['Node', 'Pool'])}] [n-1] "
    ),
    "postgres": lambda r: f"2024-01-01 {clock(r)}.123 UTC [{pid(r)}] {r.choice(['LOG', 'ERROR', 'FATAL'])}:  ",
    "klog": lambda r: f"{r.choice('IWE')}0415 {clock(r)}.123456       1 controller.go:{r.randint(1, 999)}] ",
    "phone": lambda r: (
        f"03-17 {clock(r)}.123 {pid(r):5d} {pid(r):5d} {r.choice('VDIWE')} {r.choice(['Power', 'Intent '])}: "
    ),
    "proxy": lambda r: f"[10.30 {clock(r)}] {r.choice(['chrome.exe', 'Box.exe *64'])} - ",
    "cloud service": lambda r: (
        f"api.log.1 2017-05-16 {clock(r)}.008 {pid(r)} INFO a.b.{r.choice(['c', 'd'])} [req-{pid(r)} - -] "
    ),
    "supercomputer events": lambda r: (
        f"- {1117838570 + pid(r)} 2005.06.03 R{r.randint(10, 70)}-M0 2005-06-03-"
        f"{clock(r).replace(':', '.')}.36 R1-M0 RAS {r.choice(['KERNEL', 'APP'])} {r.choice(['INFO', 'FATAL'])} "
    ),
    "cluster monitor": lambda r: (
        f"{pid(r)} node-{r.randint(0, 255)} {r.choice(['unix.hw', 'action'])} state.x {1077804742 + pid(r)} 1 "
    ),
    "cluster syslog": lambda r: (
        f"- {1131566461 + pid(r)} 2005.11.09 dn{r.randint(1, 9)} Nov 9 {clock(r)} dn1/dn1 ntpd[{pid(r)}]: "
    ),
    "pipes": lambda r: f"20171223-{clock(r)}:{r.randint(1, 999)}|{r.choice(['Step_LSC', 'Sync'])}|30002312|",
    "aligned columns": lambda r: f"2016-09-28 {clock(r)}, Info                  {r.choice(['CBS', 'CSI'])}    ",
    "ci runner": lambda r: f"2024-01-01T{clock(r)}.1234567Z ",
    "compose": lambda r: f"{r.choice(['web_1', 'db_1'])}  | 2024-01-01 {clock(r)} {r.choice(['INFO', 'WARN'])} ",
    "uptime": lambda r: f"[{r.randint(0, 9999):5d}.{r.randint(0, 999999):06d}] ",
    "rust": lambda r: (
        f"2024-01-01T{clock(r)}.123Z {r.choice([' INFO', 'ERROR'])} {r.choice(['my_crate::net', 'app'])}: "
    ),
    "time and level in one bracket": lambda r: f"[{clock(r)} {r.choice(['ERR', 'INF', 'WRN', 'FTL'])}] ",
    "time, level and process in one bracket": lambda r: (
        f"[2024-01-01 {clock(r)},123: {r.choice(['INFO', 'WARNING'])}/Worker-{r.randint(1, 9)}] "
    ),
    "time, level and module in one bracket": lambda r: (
        f"[2024-01-01T{clock(r)}Z {r.choice(['INFO ', 'WARN '])} {r.choice(['app::db', 'app'])}] "
    ),
    "ruby": lambda r: f"I, [2024-01-01T{clock(r)}.123456 #{pid(r)}]  {r.choice(['INFO', 'WARN'])} -- : ",
    "glog with years": lambda r: f"{r.choice('IWE')}20240115 {clock(r)}.123456 {pid(r)} net.cc:{r.randint(1, 99)}] ",
    "phone, brief": lambda r: f"{r.choice('VDIWE')}/{r.choice(['Power', 'Intent'])}({pid(r):5d}): ",
    "java virtual machine": lambda r: (
        f"[{r.randint(0, 99)}.{r.randint(100, 999)}s][{r.choice(['info', 'debug'])}][gc] "
    ),
    "level behind a module": lambda r: (
        f"[Sun Dec 04 {clock(r)} 2005] [{r.choice(['core', 'ssl'])}:{r.choice(['error', 'info'])}] [pid {pid(r)}] "
    ),
    "mysql": lambda r: (
        f"2024-01-01T{clock(r)}.1Z {pid(r)} [{r.choice(['Note', 'Warning'])}] [MY-{pid(r):06d}] [Server] "
    ),
    "none": lambda r: "",
}

WITH_LEVEL = [
    name
    for name in LAYOUTS
    if "bracket" in name
    or name
    in ("ruby", "glog with years", "phone, brief", "java virtual machine", "level behind a module", "mysql", "postgres")
]


def lines(layout: str, count: int = 300) -> tuple[list[str], list[str]]:
    r = make()
    kinds = [" ".join(r.choices(WORDS, k=r.randint(3, 8))) for _ in range(30)]
    messages = [f"{r.choice(kinds)} {r.randint(0, 9999)}" for _ in range(count)]
    return [LAYOUTS[layout](r) + message for message in messages], messages


def stripped(text: list[str], header: Header) -> list[str]:
    if not header.layouts:
        return text
    before = prefix_pattern(layout.pattern(groups=False) for layout in header.layouts)
    return pl.Series(text).str.replace(before, "").to_list()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_remains_is_the_message(layout):
    text, messages = lines(layout)
    header = learn_header(pl.Series(text))
    assert [m.strip() for m in stripped(text, header)] == messages
    assert header.confidence == (0 if layout == "none" else 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_shortened_lines_lose_the_same_header(layout):
    from banana_assets.core.logs.masks import shorten

    text, messages = lines(layout)
    header = learn_header(pl.Series(text))
    short = stripped(shorten(pl.Series(text)).to_list(), header)
    assert [m.strip() for m in short] == shorten(pl.Series(messages)).to_list()


@pytest.mark.parametrize("layout", WITH_LEVEL)
def test_every_line_has_its_level(layout):
    text = pl.Series(lines(layout)[0])
    found = fields(text, learn_header(text))["level"]
    numbers = found.to_frame("level").select(level_number(pl.col("level"))).to_series()
    assert numbers.null_count() == 0
    assert numbers.n_unique() > 1


def test_structured_logs_of_a_database_server_are_known_by_their_short_keys():
    text = '{"t":{"$date":"2024-01-01T00:00:00.1Z"},"s":"W","c":"NETWORK","id":1,"ctx":"conn1","msg":"slow"}'
    header = learn_header(pl.Series([text] * 3))
    assert dict(header.keys) == {"ts": "t.$date", "level": "s", "component": "c", "thread": "ctx", "message": "msg"}


def test_a_file_of_several_programs_has_several_layouts():
    names = ("log4j", "syslog", "apache error", "pipes")
    text = [line for name in names for line in lines(name)[0]]
    messages = [message for name in names for message in lines(name)[1]]
    header = learn_header(pl.Series(text))
    assert len(header.layouts) == len(names)
    assert [m.strip() for m in stripped(text, header)] == messages


def test_lines_without_the_header_lower_the_confidence_alone():
    text, _ = lines("log4j")
    trace = ["java.lang.IllegalStateException: x", "\tat a.b.C.d(C.java:1)"] * 50
    header = learn_header(pl.Series([*text, *trace]))
    assert header.confidence == pytest.approx(0.75)
    assert stripped(trace, header) == trace


def test_json_and_logfmt_are_known_by_their_keys():
    json = pl.Series(['{"time":"2024-01-01T00:00:00Z","level":"error","msg":"bad","logger":"a"}'] * 3)
    header = learn_header(json)
    assert header.kind == "json"
    assert dict(header.keys) == {"ts": "time", "level": "level", "message": "msg", "component": "logger"}
    logfmt = pl.Series(['time=2024-01-01T00:00:00Z level=info msg="all well" n=3'] * 3)
    assert learn_header(logfmt).kind == "logfmt"


def test_key_value_messages_are_no_logfmt():
    assert learn_header(pl.Series(["uid=0 euid=0 tty=ssh", "uid=1 euid=0 tty=ssh"])).kind == "none"


@pytest.mark.parametrize("sample", [[], ["", "  "], [None], ["\0\0\0"], ["\ufeff"], ["{", "[", "<"]])
def test_nothing_to_learn_from_is_no_header(sample):
    header = learn_header(pl.Series(sample, dtype=pl.String))
    assert header.kind == "none"
    assert header.describe()


def test_a_single_line_is_enough_for_a_time():
    header = learn_header(pl.Series(["2024-01-01 10:00:00 INFO started"]))
    assert stripped(["2024-01-01 10:00:00 INFO started"], header) == ["started"]


def test_a_byte_order_mark_and_colours_are_no_obstacle():
    text = ["\ufeff\x1b[32m2024-01-01 10:00:00 INFO started", "\x1b[32m2024-01-01 10:00:01 WARN stopped"]
    assert stripped(text, learn_header(pl.Series(text))) == ["started", "stopped"]
