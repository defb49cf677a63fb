"""The pack where there is little room, and where there is more than enough."""

from __future__ import annotations

import pytest

from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.requoting import requoted
from banana_assets.core.plans.quotes import Log

COLUMNS = '        ("code", "total", "taken"), [("SPRING", 1000, 100), ("WELCOME", 1000, 50), ("VIP", 999, 249)],'
LOG = [
    "+ cd api && python3 -m pytest -v",
    "============================= test session starts ==============================",
    *(f"tests/test_shop.py::test_{name} PASSED [ {n}%]" for n, name in enumerate(("hours", "stock", "taxes"), 10)),
    "tests/test_shop.py::test_discount FAILED [100%]",
    "=================================== FAILURES ===================================",
    "________________________________ test_discount _________________________________",
    "    @pytest.mark.parametrize(",
    *[COLUMNS] * 6,
    "    def test_discount(code, total):",
    ">       assert discount(code, total) == taken",
    "shop/coupons.py:9: in discount",
    "E           ValueError: total 0 is below the minimum of 500",
    "shop/coupons.py:9: ValueError",
    "=========================== short test summary info ============================",
    "FAILED tests/test_shop.py::test_discount - ValueError: total 0 is below the minimum of 500",
    "========================= 1 failed, 3 passed in 3.35s =========================",
    "ERROR: job failed: exit status 1",
]
ERROR = "E           ValueError: total 0 is below the minimum of 500"


@pytest.mark.parametrize("budget", [50, 100, 300, 2000])
def test_the_error_itself_stays_whatever_the_budget(budget: int) -> None:
    found = diagnose(LOG, budget=budget)
    assert f"{LOG.index(ERROR) + 1}: {ERROR}" in found.pack.split("\n")
    assert found.pack_tokens <= budget
    if budget >= 100:
        assert "shop/coupons.py:9: ValueError" in found.pack


def test_a_pack_with_room_has_the_command_and_no_test_that_passed() -> None:
    pack = diagnose(LOG, budget=2000).pack
    assert f"1: {LOG[0]}" in pack
    assert "test_discount FAILED" in pack
    assert " PASSED " not in pack


def test_the_command_of_a_shell_is_found_far_above_what_it_wrote() -> None:
    names = [f"web/src/page{n}/" for n in range(60)]
    said = ["tar: /srv/shop.tar: Cannot write: No space left on device", "ERROR: job failed: exit status 2"]
    log = ["+ git clone shop", "+ tar --create --file /srv/shop.tar web", *names, *said]
    pack = diagnose(log, budget=2000).pack
    assert "2: + tar --create --file /srv/shop.tar web" in pack
    assert "1: + git clone" not in pack


def test_a_pack_that_ends_within_a_line_is_told_without_it() -> None:
    log = Log("a" * 64, tuple(LOG))
    pack = f"1: {LOG[0]}\n17: {LOG[16]}\n18: {LOG[17][:12]}"
    assert requoted(pack, log) == f"1: {LOG[0]}\n17: {LOG[16]}"
    assert requoted(f"1: {LOG[0][:9]}\n17: {LOG[16]}", log) is None
