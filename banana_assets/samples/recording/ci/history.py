"""The shop's history: the first tree and then one commit after another, as developers make them.

A commit is (branch, message, edits). An edit is (path, text) for a whole file or (path, old, new) for a replacement.
An entry ("machine", what) changes the machine that builds, as operations do.
"""

FIRST = {
    ".gitignore": "__pycache__/\n.pytest_cache/\nreports/\nout/\ntarget/\ndist/\n*.o\n*.so\ntest_resize\n",
    # -- pipelines: one command a line ---------------------------------------------------------------------------
    "ci/api-lint": "ruff check api\n",
    "ci/api-test": "cd api && timeout -v 12 python3 -m pytest -v --junitxml=../reports/junit.xml\n",
    "ci/web-check": "tsc --project web --noEmit\ncd web && eslint src\n",
    "ci/web-test": "cd web && vitest run --reporter=verbose --reporter=junit --outputFile.junit=../reports/junit.xml\n",
    "ci/pricing-test": "cargo build --offline --manifest-path pricing/Cargo.toml\n"
    "cargo test --offline --manifest-path pricing/Cargo.toml\n",
    "ci/invoice-build": "javac -Xlint:all -d out invoice/src/*.java\njava -ea -Xmx24m -cp out InvoiceTest\n",
    "ci/imaging-build": "make -C imaging clean all\nmake -C imaging test\n",
    "ci/release-package": "python3 tools/bundle.py dist\n"
    "tar --create --gzip --verbose --file /srv/staging/shop.tar.gz api web/src pricing/src invoice imaging dist\n",
    "ci/release-publish": "sha256sum /srv/staging/shop.tar.gz\n"
    "curl --silent --show-error --fail --retry 2 --retry-connrefused --retry-delay 1 "
    "--upload-file /srv/staging/shop.tar.gz http://127.0.0.1:8099/shop.tar.gz\n"
    "install -v -m 644 /srv/staging/shop.tar.gz /srv/releases/shop.tar.gz\n",
    # -- api: Python ---------------------------------------------------------------------------------------------
    "api/pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\ntestpaths = ["tests"]\n'
    'junit_family = "xunit1"\n\n[tool.ruff]\nline-length = 120\n\n[tool.ruff.lint]\nselect = ["E", "F", "B"]\n',
    "api/shop/__init__.py": '"""The shop\'s service."""\n',
    "api/shop/coupons.py": '''"""Coupons and what they take off a total."""

RULES = {"SPRING10": 10, "WELCOME5": 5, "VIP": 20}


def discount(code, total):
    """Cents taken off a total in cents."""
    return round(total * RULES[code] / 100)


def best(codes, total):
    """The code that takes most off."""
    return max(codes, key=lambda code: discount(code, total))
''',
    "api/shop/stock.py": '''"""What is on the shelves."""


class OutOfStock(Exception):
    pass


class Shelf:
    def __init__(self, **boxes):
        self.boxes = boxes

    def take(self, name, quantity):
        if self.boxes.get(name, 0) < quantity:
            raise OutOfStock(f"{name}: {quantity} wanted, {self.boxes.get(name, 0)} left")
        self.boxes[name] -= quantity
        return self.boxes[name]
''',
    "api/shop/payment.py": '''"""Charging a card through the payment provider."""


class Declined(Exception):
    pass


def charge(provider, cents, attempts=3):
    """Ask the provider, again when it is busy."""
    for _ in range(attempts):
        answer = provider(cents)
        if answer == "ok":
            return True
        if answer == "declined":
            raise Declined(f"{cents} cents declined")
    return False
''',
    "api/shop/receipts.py": '''"""Receipts."""

import time


def receipt(order, lines):
    stamp = int(time.time())
    body = [f"{name} x{quantity}" for name, quantity in lines]
    time.sleep(0.018 * len(lines))  # the printer's answer
    return {"order": order, "lines": body, "began": stamp, "ended": int(time.time())}
''',
    "api/tests/test_coupons.py": '''import pytest
from shop.coupons import best, discount


@pytest.mark.parametrize(
    ("code", "total", "taken"),
    [("SPRING10", 1000, 100), ("WELCOME5", 1000, 50), ("VIP", 1000, 200), ("VIP", 999, 200), ("WELCOME5", 0, 0)],
)
def test_discount(code, total, taken):
    assert discount(code, total) == taken


def test_best_takes_most():
    assert best(["SPRING10", "VIP", "WELCOME5"], 5000) == "VIP"


def test_unknown_code_is_refused():
    with pytest.raises(KeyError):
        discount("SUMMER15", 1000)
''',
    "api/tests/test_stock.py": '''import pytest
from shop.stock import OutOfStock, Shelf


def test_take_leaves_the_rest():
    assert Shelf(banana=10).take("banana", 3) == 7


def test_take_too_many():
    with pytest.raises(OutOfStock, match="11 wanted, 10 left"):
        Shelf(banana=10).take("banana", 11)


def test_unknown_box():
    with pytest.raises(OutOfStock):
        Shelf().take("mango", 1)
''',
    "api/tests/test_payment.py": '''import pytest
from shop.payment import Declined, charge


def test_charge():
    assert charge(lambda cents: "ok", 500)


def test_declined():
    with pytest.raises(Declined):
        charge(lambda cents: "declined", 500)


def test_busy_then_ok():
    answers = iter(["busy", "busy", "ok"])
    assert charge(lambda cents: next(answers), 500)


def test_busy_for_ever():
    assert not charge(lambda cents: "busy", 500)
''',
    "api/tests/test_receipts.py": '''from shop.receipts import receipt


def test_receipt_lists_its_lines():
    assert receipt(7, [("banana", 2)])["lines"] == ["banana x2"]
''',
    # -- web: TypeScript -----------------------------------------------------------------------------------------
    "web/package.json": '{\n  "name": "shop-web",\n  "version": "1.4.0",\n  "private": true,\n  "type": "module"\n}\n',
    "web/tsconfig.json": '{\n  "compilerOptions": {\n    "strict": true,\n    "target": "ES2022",\n    "module": "ESNext",\n'
    '    "moduleResolution": "Bundler",\n    "skipLibCheck": true\n  },\n  "include": ["src"]\n}\n',
    "web/eslint.config.js": 'import tseslint from "typescript-eslint";\n\nexport default tseslint.config(...tseslint.configs.recommended);\n',
    "web/src/cart.ts": '''export interface Line {
  sku: string;
  cents: number;
  quantity: number;
}

export function total(lines: Line[]): number {
  return lines.reduce((sum, line) => sum + line.cents * line.quantity, 0);
}

export function add(lines: Line[], line: Line): Line[] {
  const at = lines.findIndex((other) => other.sku === line.sku);
  if (at < 0) return [...lines, line];
  return lines.map((other, i) => (i === at ? { ...other, quantity: other.quantity + line.quantity } : other));
}
''',
    "web/src/format.ts": '''export function money(cents: number): string {
  return (cents / 100).toFixed(2) + " EUR";
}
''',
    "web/test/cart.test.ts": '''import { describe, expect, test } from "vitest";
import { add, total } from "../src/cart";

describe("cart", () => {
  const banana = { sku: "banana", cents: 250, quantity: 2 };
  test("total of an empty cart", () => expect(total([])).toBe(0));
  test("total", () => expect(total([banana, { sku: "mango", cents: 300, quantity: 1 }])).toBe(800));
  test("adding the same box again", () => expect(add([banana], banana)).toEqual([{ ...banana, quantity: 4 }]));
  test("adding another box", () => expect(add([banana], { ...banana, sku: "guava" })).toHaveLength(2));
});
''',
    "web/test/format.test.ts": '''import { expect, test } from "vitest";
import { money } from "../src/format";

test.each([
  [0, "0.00 EUR"],
  [5, "0.05 EUR"],
  [123456, "1234.56 EUR"],
])("money of %d cents", (cents, text) => expect(money(cents)).toBe(text));
''',
    # -- pricing: Rust -------------------------------------------------------------------------------------------
    "pricing/Cargo.toml": '[package]\nname = "pricing"\nversion = "0.4.0"\nedition = "2021"\n',
    "pricing/src/lib.rs": '''//! Prices in cents, with tiers by quantity.

pub struct Tier {
    pub from: u32,
    pub percent: u32,
}

pub fn price(unit: u64, quantity: u32, tiers: &[Tier]) -> u64 {
    let percent = tiers
        .iter()
        .filter(|tier| quantity >= tier.from)
        .map(|tier| tier.percent)
        .max()
        .unwrap_or(0);
    unit * quantity as u64 * (100 - percent as u64) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIERS: [Tier; 2] = [Tier { from: 10, percent: 5 }, Tier { from: 50, percent: 12 }];

    #[test]
    fn one_box() {
        assert_eq!(price(250, 1, &TIERS), 250);
    }

    #[test]
    fn first_tier() {
        assert_eq!(price(250, 10, &TIERS), 2375);
    }

    #[test]
    fn second_tier() {
        assert_eq!(price(100, 50, &TIERS), 4400);
    }
}
''',
    # -- invoice: Java -------------------------------------------------------------------------------------------
    "invoice/src/Invoice.java": '''import java.util.ArrayList;
import java.util.List;

/** An invoice in plain text. */
public class Invoice {
    private final List<String> lines = new ArrayList<>();
    private long cents;

    public void add(String name, long price) {
        lines.add(name + " " + price);
        cents += price;
    }

    public long total() {
        return cents;
    }

    public String text() {
        return String.join("\\n", lines) + "\\ntotal " + cents + "\\n";
    }
}
''',
    "invoice/src/InvoiceTest.java": '''/** Checks of Invoice, run with -ea. */
public class InvoiceTest {
    static void totals() {
        Invoice invoice = new Invoice();
        invoice.add("banana", 250);
        invoice.add("mango", 300);
        assert invoice.total() == 550 : "total is " + invoice.total();
    }

    static void writes() {
        Invoice invoice = new Invoice();
        invoice.add("guava", 120);
        assert invoice.text().endsWith("total 120\\n") : invoice.text();
    }

    public static void main(String[] arguments) {
        totals();
        System.out.println("ok totals");
        writes();
        System.out.println("ok writes");
    }
}
''',
    # -- imaging: C ----------------------------------------------------------------------------------------------
    "imaging/Makefile": "CFLAGS = -Wall -Wextra -Werror -O1 -g -fPIC\n\nall: resize.so test_resize\n\n"
    "resize.so: resize.o\n\t$(CC) -shared -o $@ $^\n\ntest_resize: test_resize.o resize.o\n\t$(CC) -o $@ $^\n\n"
    "test: test_resize\n\t./test_resize\n\nclean:\n\trm -f *.o *.so test_resize\n\n.PHONY: all test clean\n",
    "imaging/resize.h": "#include <stddef.h>\n\nunsigned char *halve(const unsigned char *grey, size_t width, size_t height);\n",
    "imaging/resize.c": '''#include "resize.h"

#include <stdlib.h>

/* Half the width and height, each pixel the mean of four. */
unsigned char *halve(const unsigned char *grey, size_t width, size_t height)
{
    unsigned char *half = malloc((width / 2) * (height / 2));
    if (half == NULL)
        return NULL;
    for (size_t y = 0; y < height / 2; y++)
        for (size_t x = 0; x < width / 2; x++) {
            const unsigned char *at = grey + 2 * y * width + 2 * x;
            half[y * (width / 2) + x] = (unsigned char)((at[0] + at[1] + at[width] + at[width + 1]) / 4);
        }
    return half;
}
''',
    "imaging/test_resize.c": '''#include "resize.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned char square[16] = {0, 4, 8, 8, 4, 8, 8, 8, 1, 1, 2, 2, 1, 1, 2, 2};
    unsigned char *half = halve(square, 4, 4);
    assert(half[0] == 4 && half[1] == 8 && half[2] == 1 && half[3] == 2);
    free(half);
    puts("ok halve");
    return 0;
}
''',
    # -- release -------------------------------------------------------------------------------------------------
    "tools/bundle.py": '''"""Packs the catalogue's pictures into one file."""

import pathlib
import random
import sys

SIDE = 64


def picture(number):
    return random.Random(number).randbytes(SIDE * SIDE)


folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
pictures = [picture(number) for number in range(30)]
(folder / "pictures.bin").write_bytes(b"".join(pictures))
print(f"bundled {len(pictures)} pictures of {SIDE}x{SIDE}")
''',
}

M = "main"
C = "feature/coupon-stacking"
G = "feature/gift-wrap"
CART, COUPONS = "web/src/cart.ts", "api/shop/coupons.py"

STACKED = '''

def stack(codes, total):
    """Cents left after all the codes, the largest first."""
    for code in sorted(codes, key=RULES.get, reverse=True):
        total -= discount(code, total)
    return total
'''

HISTORY = [
    (M, "Name the release in the package", [("web/package.json", "1.4.0", "1.4.1")]),
    (M, "Say which box is out of stock in the shelf's error", [("api/shop/stock.py", "{name}: {quantity}", "box {name}: {quantity}")]),
    (M, "Add a currency to the money format", [("web/src/format.ts", 'cents: number): string {\n  return (cents / 100).toFixed(2) + " EUR";', 'cents: number, currency = "EUR"): string {\n  return (cents / 100).toFixed(2) + " " + currency;')]),
    (M, "Check that a receipt is made within one second", [("api/tests/test_receipts.py", '''from shop.receipts import receipt


def test_receipt_lists_its_lines():
    assert receipt(7, [("banana", 2)])["lines"] == ["banana x2"]


def test_receipt_is_made_at_once():
    made = receipt(8, [("banana", 2), ("mango", 1), ("guava", 4), ("papaya", 1)])
    assert made["began"] == made["ended"]
''')]),
    (M, "Add the top tier for wholesale", [("pricing/src/lib.rs", "#[cfg(test)]", "pub fn wholesale() -> Tier {\n    Tier { from: 500, percent: \"20\" }\n}\n\n#[cfg(test)]")]),
    (M, "Fix the type of the wholesale percent", [("pricing/src/lib.rs", 'percent: "20"', "percent: 20")]),
    (M, "Round discounts down, as the terms say", [(COUPONS, "return round(total * RULES[code] / 100)", "return total * RULES[code] // 100")]),
    (M, "Correct the expected discount of an odd total", [("api/tests/test_coupons.py", '("VIP", 999, 200)', '("VIP", 999, 199)')]),
    (C, "Stack coupons", [(COUPONS, "\n\ndef best", STACKED + "\n\ndef best")]),
    (C, "Test stacked coupons", [("api/tests/test_coupons.py", "from shop.coupons import best, discount", "from shop.coupons import best, discount, stack"), ("api/tests/test_coupons.py", "def test_unknown", 'def test_stack_takes_the_largest_first():\n    assert stack(["SPRING10", "VIP"], 1000) == 720\n\n\ndef test_unknown')]),
    (M, "Merge coupon stacking", "merge " + C),
    (M, "Keep the heading of an invoice", [("invoice/src/Invoice.java", "    public long total()", "    public String heading() {\n        return customer.name() + \", \" + lines.size() + \" lines\";\n    }\n\n    public long total()")]),
    (M, "Take the heading back until customers are known here", [("invoice/src/Invoice.java", "    public String heading() {\n        return customer.name() + \", \" + lines.size() + \" lines\";\n    }\n\n", "")]),
    (M, "Show the delivery day in the cart", [("web/src/delivery.ts", 'import dayjs from "dayjs";\n\nexport function deliveryDay(days: number): string {\n  return dayjs("2026-01-01").add(days, "day").format("YYYY-MM-DD");\n}\n'), ("web/test/delivery.test.ts", 'import { expect, test } from "vitest";\nimport { deliveryDay } from "../src/delivery";\n\ntest("delivery in three days", () => expect(deliveryDay(3)).toBe("2026-01-04"));\n')]),
    (M, "Compute the delivery day without dayjs", [("web/src/delivery.ts", 'export function deliveryDay(days: number): string {\n  return new Date(Date.UTC(2026, 0, 1 + days)).toISOString().slice(0, 10);\n}\n')]),
    (M, "Crop pictures before they are halved", [("imaging/resize.c", "/* Half", "unsigned char *crop(const unsigned char *grey, size_t width, size_t rows)\n{\n    unsigned char *part = malloc(width * rows)\n    return memcpy(part, grey, width * rows);\n}\n\n/* Half")]),
    (M, "Add the missing semicolon and header", [("imaging/resize.c", "malloc(width * rows)\n", "malloc(width * rows);\n"), ("imaging/resize.c", "#include <stdlib.h>", "#include <stdlib.h>\n#include <string.h>"), ("imaging/resize.h", "unsigned char *halve", "unsigned char *crop(const unsigned char *grey, size_t width, size_t rows);\nunsigned char *halve")]),
    (M, "Read the opening hours from a file", [("api/shop/hours.py", '"""Opening hours."""\n\nimport yaml\n\n\ndef hours(text):\n    return yaml.safe_load(text)["hours"]\n'), ("api/tests/test_hours.py", 'from shop.hours import hours\n\n\ndef test_hours():\n    assert hours("hours: [9, 18]") == [9, 18]\n')]),
    (M, "Read the opening hours as JSON", [("api/shop/hours.py", '"""Opening hours."""\n\nimport json\n\n\ndef hours(text):\n    return json.loads(text)["hours"]\n'), ("api/tests/test_hours.py", '"hours: [9, 18]"', "'{\"hours\": [9, 18]}'")]),
    (M, "Bundle the pictures at print size", [("tools/bundle.py", "SIDE = 64", "SIDE = 512")]),
    (M, "Bundle fewer pictures at print size", [("tools/bundle.py", "range(30)", "range(6)")]),
    (M, "Allow a quantity in the cart's text", [(CART, "export function add", "export function parse(sku: string, cents: number, quantity: string): Line {\n  return { sku, cents, quantity };\n}\n\nexport function add")]),
    (M, "Parse the quantity", [(CART, "cents, quantity }", "cents, quantity: Number.parseInt(quantity, 10) }")]),
    (G, "Offer gift wrap", [("api/shop/wrap.py", '"""Gift wrap."""\n\n\ndef wrap(boxes, paper="plain"):\n    return [f"{box} in {paper} paper" for box in boxes]\n'), ("api/tests/test_wrap.py", 'from shop.wrap import wrap\n\n\ndef test_wrap():\n    assert wrap(["banana"]) == ["banana in plain paper"]\n'), (COUPONS, '"VIP": 20}', '"VIP": 20, "WRAPFREE": 0}')]),
    (M, "Raise the VIP discount", [(COUPONS, '"VIP": 20}', '"VIP": 25}'), ("api/tests/test_coupons.py", '("VIP", 1000, 200), ("VIP", 999, 199)', '("VIP", 1000, 250), ("VIP", 999, 249)'), ("api/tests/test_coupons.py", "== 720", "== 675")]),
    (G, "Let the paper be chosen", [("api/shop/wrap.py", 'paper="plain"', 'paper="red"'), ("api/tests/test_wrap.py", "in plain paper", "in red paper")]),
    ("machine", "artifact store stops"),
    (M, "Name the release 1.5.0", [("web/package.json", "1.4.1", "1.5.0")]),
    ("machine", "artifact store starts"),
    (M, "Sharpen pictures after they are halved", [("imaging/test_resize.c", "    free(half);", "    sharpen(half, 2, 2);\n    free(half);"), ("imaging/resize.h", "unsigned char *halve", "void sharpen(unsigned char *grey, size_t width, size_t height);\nunsigned char *halve"), ("imaging/resize.c", "/* Half", "void sharpen(unsigned char *grey, size_t width, size_t height)\n{\n    static unsigned char *rows[2];\n    for (size_t y = 0; y < height; y++)\n        rows[y][width - 1] = grey[y * width + width - 1];\n}\n\n/* Half")]),
    (M, "Sharpen in place", [("imaging/resize.c", "    static unsigned char *rows[2];\n    for (size_t y = 0; y < height; y++)\n        rows[y][width - 1] = grey[y * width + width - 1];", "    for (size_t i = 1; i < width * height; i++)\n        grey[i] = (unsigned char)((grey[i] * 3 + grey[i - 1]) / 4);")]),
    (M, "Wait between attempts at the payment provider, twice as long each time", [("api/shop/payment.py", '"""Charging a card through the payment provider."""', '"""Charging a card through the payment provider."""\n\nimport time'), ("api/shop/payment.py", "for _ in range(attempts):", "for attempt in range(attempts):"), ("api/shop/payment.py", "    return False", "        time.sleep(0.3 * 2**attempt)\n    return False")]),
    (M, "Log what the provider answers", [("api/shop/payment.py", "import time", "import logging\nimport os\nimport time"), ("api/shop/payment.py", "        answer = provider(cents)", '        answer = provider(cents)\n        logging.getLogger("shop.payment").info("provider answers %s", answer)')]),
    (M, "Remove an import that is not used", [("api/shop/payment.py", "import os\n", "")]),
    (M, "Price in tiers without copying them", [("pricing/src/lib.rs", "#[cfg(test)]", "pub fn widest(tiers: Vec<Tier>) -> (u32, usize) {\n    let widest = tiers.into_iter().map(|tier| tier.percent).max().unwrap_or(0);\n    (widest, tiers.len())\n}\n\n#[cfg(test)]")]),
    (M, "Borrow the tiers", [("pricing/src/lib.rs", "tiers: Vec<Tier>", "tiers: &[Tier]"), ("pricing/src/lib.rs", "tiers.into_iter().map(|tier| tier.percent).max()", "tiers.iter().map(|tier| tier.percent).max()")]),
    ("machine", "releases folder belongs to root"),
    (M, "Name the release 1.5.1", [("web/package.json", "1.5.0", "1.5.1")]),
    ("machine", "releases folder belongs to ci"),
    (M, "Group the digits of large amounts", [("web/src/format.ts", '(cents / 100).toFixed(2) + " " + currency', '(cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 }) + " " + currency')]),
    (M, "Expect grouped digits", [("web/test/format.test.ts", '"1234.56 EUR"', '"1,234.56 EUR"')]),
    (M, "Follow the stock of a box until it is filled again", [("api/shop/stock.py", "class Shelf:", "def wait_until_filled(shelf, name):\n    while shelf.boxes[name] == 0:\n        pass\n    return shelf.boxes[name]\n\n\nclass Shelf:"), ("api/tests/test_stock.py", "from shop.stock import OutOfStock, Shelf", "from shop.stock import OutOfStock, Shelf, wait_until_filled"), ("api/tests/test_stock.py", "def test_unknown_box", "def test_wait_until_filled():\n    assert wait_until_filled(Shelf(banana=0), \"banana\") > 0\n\n\ndef test_unknown_box")]),
    (M, "Give up waiting for a box after a tenth of a second", [("api/shop/stock.py", "    while shelf.boxes[name] == 0:\n        pass\n", "    until = time.monotonic() + 0.1\n    while shelf.boxes[name] == 0 and time.monotonic() < until:\n        time.sleep(0.01)\n"), ("api/shop/stock.py", '"""What is on the shelves."""', '"""What is on the shelves."""\n\nimport time'), ("api/tests/test_stock.py", '"banana") > 0', '"banana") == 0')]),
    (M, "Keep every revision of an invoice", [("invoice/src/InvoiceTest.java", "    static void writes()", "    static void revisions() {\n        java.util.List<String> kept = new java.util.ArrayList<>();\n        Invoice invoice = new Invoice();\n        for (int i = 0; i < 20000; i++) {\n            invoice.add(\"banana\", i);\n            kept.add(invoice.text());\n        }\n        assert kept.size() == 20000;\n    }\n\n    static void writes()"), ("invoice/src/InvoiceTest.java", "        writes();", "        revisions();\n        System.out.println(\"ok revisions\");\n        writes();")]),
    (M, "Keep the last hundred revisions of an invoice", [("invoice/src/InvoiceTest.java", "20000", "100")]),
    (M, "Expect a hundred revisions", [("invoice/src/InvoiceTest.java", "20000", "100")]),
    (M, "Say what a cart holds", [(CART, "export function add", "export function say(lines: any): string {\n  var text = lines.map((line: any) => line.sku).join(\", \");\n  return text;\n}\n\nexport function add")]),
    (M, "Type the lines of a cart", [(CART, "lines: any): string {\n  var text = lines.map((line: any) => line.sku).join(\", \");\n  return text;", "lines: Line[]): string {\n  return lines.map((line) => line.sku).join(\", \");")]),
    (M, "Bundle pictures at poster size", [("tools/bundle.py", "SIDE = 512", "SIDE = 8192"), ("ci/release-package", "python3 tools/bundle.py dist", "ulimit -v 300000 && python3 tools/bundle.py dist")]),
    (M, "Bundle pictures at screen size", [("tools/bundle.py", "SIDE = 8192", "SIDE = 256")]),
    (M, "Count the boxes of a shelf", [("api/shop/stock.py", "    def take(", "    def count(self)\n        return sum(self.boxes.values())\n\n    def take("), ("api/tests/test_stock.py", "def test_unknown_box", "def test_count():\n    assert Shelf(banana=3, mango=4).count() == 7\n\n\ndef test_unknown_box")]),
    (M, "Add the missing colon", [("api/shop/stock.py", "def count(self)\n", "def count(self):\n")]),
    (M, "Check unused parameters of the web part", [("web/tsconfig.json", '"strict": true,', '"strict": true,\n    "noUnusedParameter": true,')]),
    (M, "Spell the option as the compiler does", [("web/tsconfig.json", "noUnusedParameter\"", "noUnusedParameters\"")]),
    (M, "Round prices half up", [("pricing/src/lib.rs", "(100 - percent as u64) / 100", "(100 - percent as u64 + 50) / 100")]),
    (M, "Round the whole product", [("pricing/src/lib.rs", "unit * quantity as u64 * (100 - percent as u64 + 50) / 100", "(unit * quantity as u64 * (100 - percent as u64) + 50) / 100")]),
    (M, "Name the release 1.6.0", [("web/package.json", "1.5.1", "1.6.0")]),
    (M, "Test the best coupon of one", [("api/tests/test_coupons.py", "def test_unknown", 'def test_best_of_one():\n    assert best(["WELCOME5"], 1) == "WELCOME5"\n\n\ndef test_unknown')]),
    (M, "Refuse coupons on small totals", [(COUPONS, '    """Cents taken off a total in cents."""\n', '    """Cents taken off a total in cents."""\n    if total < 500:\n        raise ValueError(f"total {total} is below the minimum of 500")\n')]),
    (M, "Show the currency before the amount", [("web/src/format.ts", '(cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 }) + " " + currency', 'currency + " " + (cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })'), ("web/test/format.test.ts", '"0.00 EUR"', '"EUR 0.00"'), ("web/test/format.test.ts", '"0.05 EUR"', '"EUR 0.05"'), ("web/test/format.test.ts", '"1,234.56 EUR"', '"EUR 1,234.56"')]),
]
