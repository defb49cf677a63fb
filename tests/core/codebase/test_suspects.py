from __future__ import annotations

import pytest

from banana_assets.core.codebase.importing import imports
from banana_assets.core.codebase.mentions import mentions, names_module


@pytest.mark.parametrize(
    ("path", "text", "line", "sure"),
    [
        ("src/cart.py", '  File "/home/runner/work/shop/src/cart.py", line 12, in f', 12, 1.0),
        ("src/cart.ts", "src/cart.ts(3,14): error TS2322", 3, 1.0),
        ("src/cart.rs", "  --> src/cart.rs:7:5", 7, 1.0),
        ("src\\cart.c".replace("\\", "/"), "D:\\a\\shop\\src\\cart.c(9): error", 9, 1.0),
        ("app/src/com/acme/Cart.java", "\tat com.acme.Cart.add(Cart.java:31)", 31, 1.0),
        ("src/cart.py", "cart.py:4: error", 4, 0.6),
    ],
)
def test_where_a_line_names_a_file(path: str, text: str, line: int, sure: float) -> None:
    (found,) = mentions(path, ["x", text])
    assert (found.line, found.at, found.sure) == (line, 1, sure)


@pytest.mark.parametrize("text", ["src/cart.pyc", "mycart.py:3", "/usr/lib/json/cart.py:3", "cart.py.bak"])
def test_another_file_is_not_named(text: str) -> None:
    assert mentions("src/cart.py", [text]) == []


def test_modules_and_imports() -> None:
    assert names_module("src/shop/cart.py", ["No module named 'shop.cart'"]) == 0
    assert names_module("cart.py", ["the cart is full"]) is None
    assert names_module(".env", ["import x"]) is None
    assert names_module("shop/.env", ["shop.cart failed"]) is None
    assert imports("from shop.cart import total\n", "shop/cart.py")
    assert imports('import { a } from "./cart"\n', "src/cart.ts", "src/app.ts")
    assert imports('import (\n\t"x/shop/cart"\n)\n', "shop/cart/cart.go")
    assert not imports("from shop.bag import cartoon\n", "shop/cart.py")
