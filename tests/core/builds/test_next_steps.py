"""What to do next names what the message names (messages under ``output/`` and ``runs/``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.core.builds.advice import next_step
from banana_assets.core.builds.diagnosis import diagnose

HERE = Path(__file__).parent

STEPS = {
    "output/ava-missing": "Declare `ava` in package.json and install it",
    "output/git-conflict": "resolve the conflict in `cart`",
    "output/go-mod": "Run `go get example.com/shop/price`",
    "output/jest-missing": "Declare `dayjs-of-ours` in package.json",
    "output/jest-missing-file": "Check that the file `./src/hours` is there",
    "output/jest-syntax": "Open `/srv/app/src/hours.js` at line 1",
    "output/node-module": "Check that the file `./nosuch` is there",
    "output/php-parse": "Open `cart.php` at line 3",
    "output/pytest-collect": "install the package that provides `shopping`",
    "output/pytest-collect-own": "`test_cart.py` cannot be loaded",
    "output/pytest-collect-syntax": "Open `/srv/app/shop/cart.py` at line 1",
    "output/pytest-conftest": "install the package that provides `shopping_fixtures_of_ours`",
    "output/tsc-missing": "Declare `dayjs-of-ours` in package.json",
    "output/tsc-missing-file": "Check that the file `./prices` is there",
    "output/tsc-syntax": "Open `src/hours.ts` at line 1",
    "output/unittest-import": "install the package that provides `basket_of_ours`",
    "output/vitest-missing": "Declare `dayjs` in package.json",
    "output/vitest-missing-file": "Check that the file `../src/hours` is there",
    "runs/access-script": "Make `./deploy.sh` executable",
    "runs/compile-header": "holds `cart/of/ours.h`",
    "runs/config-environment": "Set `DEPLOY_TARGET`",
    "runs/config-python": "Set `DATABASE_URL`",
    "runs/missing-command": "Install the command `protoc-of-ours`",
    "runs/test-pytest": "alone on the same commit",
}


@pytest.mark.parametrize("name", STEPS)
def test_the_step_names_what_is_to_be_done(name: str) -> None:
    assert STEPS[name] in diagnose((HERE / f"{name}.txt").read_text(encoding="utf-8").split("\n")).next_step


@pytest.mark.parametrize(
    ("module", "package"),
    [("dayjs/plugin/utc", "dayjs"), ("@scope/kit/button", "@scope/kit"), ("highlight.js", "highlight.js")],
)
def test_a_file_of_a_package_is_its_package(module: str, package: str) -> None:
    told = next_step(
        "missing_dependency", "jest", (), f"line 2: jest says x: Cannot find module '{module}' from 'a.js'"
    )
    assert f"`npm install {package}`" in told


@pytest.mark.parametrize("name", ["a b", "x`; rm -rf ~; `", "$(reboot)", "a\nb"])
def test_what_can_be_no_name_is_not_taken_over(name: str) -> None:
    told = next_step("missing_dependency", "jest", (), f"line 2: Cannot find module '{name}' from 'a.js'")
    assert told == next_step("missing_dependency", "jest", ())
