# ruff: noqa: E501, ISC004 - a source is read in one piece

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.codebase.outline import MOST_BYTES, outline_of
from banana_assets.core.codebase.outline.grammars import GRAMMARS

SOURCES = {
    "Python": (
        'class Cart(Base):\n    """A cart.\n\n    More.\n    """\n\n    @property\n    async def total(self, tax=1) -> int:\n'
        '        """What it costs."""\n        def inner(): ...\n        return 1\n\nif True:\n    def free(): ...\n',
        [
            ("class", "Cart", 1, 11, "class Cart(Base)", "A cart."),
            ("method", "Cart.total", 7, 11, "async def total(self, tax=1) -> int", "What it costs."),
            ("function", "free", 14, 14, "def free()", ""),
        ],
    ),
    "JavaScript": (
        "/** Adds. */\nexport function add(a, b) { return a + b }\nconst one = (x) => { return x }\n"
        "class Cart extends Base { total() {} static of = () => 1 }\nmodule.exports.two = function (y) {}\n",
        [
            ("function", "add", 2, 2, "export function add(a, b)", "Adds."),
            ("function", "one", 3, 3, "const one = (x)", ""),
            ("class", "Cart", 4, 4, "class Cart extends Base", ""),
            ("method", "Cart.total", 4, 4, "total()", ""),
            ("method", "Cart.of", 4, 4, "static of = ()", ""),
            ("function", "module.exports.two", 5, 5, "module.exports.two = function (y)", ""),
        ],
    ),
    "TypeScript": (
        "export interface Priced { price(): number }\ntype Id = string\nenum Kind { A }\n"
        "// The cart.\nexport default class Cart<T> { private add(x: T): void {} }\nnamespace N { export function f() {} }\n",
        [
            ("interface", "Priced", 1, 1, "export interface Priced", ""),
            ("method", "Priced.price", 1, 1, "price(): number", ""),
            ("type", "Id", 2, 2, "type Id = string", ""),
            ("enum", "Kind", 3, 3, "enum Kind", ""),
            ("class", "Cart", 5, 5, "export default class Cart<T>", "The cart."),
            ("method", "Cart.add", 5, 5, "private add(x: T): void", ""),
            ("namespace", "N", 6, 6, "namespace N", ""),
            ("function", "N.f", 6, 6, "export function f()", ""),
        ],
    ),
    "Go": (
        "package shop\n\n// Add adds.\nfunc Add(a int) (int, error) { return a, nil }\n\n// Total sums.\n"
        "func (c *Cart[T]) Total() int { return 0 }\n\ntype (\n\tCart struct{ n int }\n\tPriced interface{ Price() int }\n)\n",
        [
            ("function", "Add", 4, 4, "func Add(a int) (int, error)", "Add adds."),
            ("method", "Cart.Total", 7, 7, "func (c *Cart[T]) Total() int", "Total sums."),
            ("struct", "Cart", 10, 10, "Cart struct", ""),
            ("interface", "Priced", 11, 11, "Priced interface", ""),
            ("method", "Priced.Price", 11, 11, "Price() int", ""),
        ],
    ),
    "Rust": (
        "/// A cart.\n#[derive(Debug)]\npub struct Cart { n: u8 }\nimpl<T> Priced for Cart {\n    /// Sums.\n"
        "    fn total(&self) -> u8 { 1 }\n}\nmod inner { pub fn f() {} }\nmacro_rules! m { () => {} }\n",
        [
            ("struct", "Cart", 3, 3, "pub struct Cart", "A cart."),
            ("impl", "Cart", 4, 7, "impl<T> Priced for Cart", ""),
            ("method", "Cart.total", 6, 6, "fn total(&self) -> u8", "Sums."),
            ("module", "inner", 8, 8, "mod inner", ""),
            ("function", "inner.f", 8, 8, "pub fn f()", ""),
            ("macro", "m", 9, 9, "macro_rules! m { () => {} }", ""),
        ],
    ),
    "Java": (
        "/**\n * A cart.\n */\npublic class Cart<T> extends Base {\n  Cart() {}\n  /** Sums. */\n"
        "  public int total(int tax) throws X { return 1; }\n  enum Kind { A }\n}\nrecord Point(int x) {}\n",
        [
            ("class", "Cart", 4, 9, "public class Cart<T> extends Base", "A cart."),
            ("method", "Cart.Cart", 5, 5, "Cart()", ""),
            ("method", "Cart.total", 7, 7, "public int total(int tax) throws X", "Sums."),
            ("enum", "Cart.Kind", 8, 8, "enum Kind", ""),
            ("record", "Point", 10, 10, "record Point(int x)", ""),
        ],
    ),
    "C": (
        "/* Adds. */\nstatic int *add(int a) { return 0; }\nstruct cart { int n; };\ntypedef struct { int x; } point;\n"
        "int total(void);\nint (*hook)(int);\nstruct cart one;\n#define TWICE(x) (2 * (x))\n",
        [
            ("function", "add", 2, 2, "static int *add(int a)", "Adds."),
            ("struct", "cart", 3, 3, "struct cart", ""),
            ("type", "point", 4, 4, "typedef struct point", ""),
            ("function", "total", 5, 5, "int total(void)", ""),
            ("macro", "TWICE", 8, 8, "#define TWICE(x) (2 * (x))", ""),
        ],
    ),
    "C++": (
        "namespace shop {\ntemplate <class T>\nclass Cart : Base {\n public:\n  int total(int tax) const { return 1; }\n"
        "  ~Cart();\n  T& operator[](int i);\n  int n;\n};\nvoid Cart::add() {}\n}\n",
        [
            ("namespace", "shop", 1, 11, "namespace shop", ""),
            ("class", "shop.Cart", 2, 9, "template <class T> class Cart : Base", ""),
            ("method", "shop.Cart.total", 5, 5, "int total(int tax) const", ""),
            ("method", "shop.Cart.~Cart", 6, 6, "~Cart()", ""),
            ("method", "shop.Cart.operator[]", 7, 7, "T& operator[](int i)", ""),
            ("function", "shop.Cart::add", 10, 10, "void Cart::add()", ""),
        ],
    ),
    "C#": (
        "namespace Shop;\n/// <summary>A cart.</summary>\npublic class Cart : Base {\n  public int N { get; set; }\n"
        "  public void Add(int a) {}\n}\nrecord Point(int X);\n",
        [
            ("class", "Cart", 3, 6, "public class Cart : Base", "A cart."),
            ("method", "Cart.Add", 5, 5, "public void Add(int a)", ""),
            ("record", "Point", 7, 7, "record Point(int X)", ""),
        ],
    ),
    "Ruby": (
        "# The shop.\nmodule Shop\n  # A cart.\n  class Cart < Base\n    # Sums.\n    def total(tax) = 1\n"
        "    def self.of; end\n  end\nend\n",
        [
            ("module", "Shop", 2, 9, "module Shop", "The shop."),
            ("class", "Shop.Cart", 4, 8, "class Cart < Base", "A cart."),
            ("method", "Shop.Cart.total", 6, 6, "def total(tax)", "Sums."),
            ("method", "Shop.Cart.of", 7, 7, "def self.of", ""),
        ],
    ),
    "PHP": (
        "<?php\n/** Adds. */\nfunction add(int $a): int { return 1; }\nclass Cart extends Base {\n"
        "  public function total() {}\n}\n",
        [
            ("function", "add", 3, 3, "function add(int $a): int", "Adds."),
            ("class", "Cart", 4, 6, "class Cart extends Base", ""),
            ("method", "Cart.total", 5, 5, "public function total()", ""),
        ],
    ),
    "Shell": (
        "#!/bin/sh\n# Builds it.\nbuild() { make; }\nfunction check { make check; }\n",
        [("function", "build", 3, 3, "build()", "Builds it."), ("function", "check", 4, 4, "function check", "")],
    ),
}


@pytest.mark.parametrize("language", SOURCES)
def test_the_outline_of_each_language(language: str) -> None:
    source, expected = SOURCES[language]
    found = outline_of("x", source.encode(), language)
    assert [(s.kind, s.qualified, s.first, s.last, s.signature, s.doc) for s in found.symbols] == expected
    assert found.first_error is None
    assert not found.refused


def test_every_grammar_is_tested() -> None:
    assert {*SOURCES, "TSX"} == set(GRAMMARS)
    found = outline_of("x.tsx", b"export const App = (p: P) => { return <div>{p.a}</div> }\n", "TSX")
    assert [s.name for s in found.symbols] == ["App"]


def test_what_does_not_parse_costs_only_what_stands_there() -> None:
    found = outline_of("a.py", b"def one(): pass\nclass Broken(:\n    x = = 1\ndef two(): pass\n", "Python")
    names = [symbol.name for symbol in found.symbols]
    assert names[0] == "one"
    assert names[-1] == "two"
    assert found.first_error in (2, 3)


def test_a_header_with_classes_is_read_as_the_wider_language() -> None:
    found = outline_of("cart.h", b"namespace shop {\nclass Cart { int total(); };\n}\n", "C")
    assert found.language == "C++"
    assert [symbol.name for symbol in found.symbols] == ["shop", "Cart", "total"]


def test_bounds() -> None:
    many = b"".join(b"def f%d(): pass\n" % i for i in range(50))
    found = outline_of("a.py", many, "Python", most=10)
    assert len(found.symbols) == 10
    assert found.omitted == 40
    assert "KiB" in outline_of("a.py", b"x" * (MOST_BYTES + 1), "Python").refused
    assert "binary" in outline_of("a.py", b"\0", "Python").refused
    assert "minified" in outline_of("a.js", b"var a=1;" * 5_000, "JavaScript").refused
    assert "no grammar" in outline_of("a.txt", b"", None).refused
    assert "no grammar" in outline_of("a.f90", b"", "Fortran").refused


def test_secrets_in_signatures_and_docs_are_masked() -> None:
    key = "AKIA" + "Q3EGRRTT2SVN7FAX"
    source = f'def connect(password="correct-horse-battery-9"):\n    """Use {key}."""\n'
    (symbol,) = outline_of("a.py", source.encode(), "Python").symbols
    assert "correct-horse" not in symbol.signature
    assert key not in symbol.doc


@pytest.mark.parametrize("language", GRAMMARS)
@pytest.mark.parametrize("text", ["(", "{", "[", "<", '"', "class A {", "def f(", "/*", "if x:\n", "fn f() {", "a.b("])
def test_what_nests_without_end_is_no_trouble(language: str, text: str) -> None:
    found = outline_of("x", (text * (2_000 // len(text)) + "\n" * 50).encode(), language)
    assert len(found.symbols) <= 1_000


def test_parsing_is_stopped_when_told() -> None:
    asked = iter([False] * 3)
    source = b"<" * 20_000
    found = outline_of("x.sh", source, "Shell", stop=lambda: next(asked, True))
    assert "too long" in found.refused
    assert next(asked, None) is None


@given(st.sampled_from(sorted(SOURCES)), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_damaged_sources_are_outlined(language: str, chance: random.Random) -> None:
    source = bytearray(SOURCES[language][0].encode())
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(source))
        if chance.random() < 0.5:
            del source[at : at + chance.randint(1, 8)]
        else:
            source[at:at] = bytes(chance.choices(range(1, 256), k=chance.randint(1, 4)))
        source = source or bytearray(b"x")
    found = outline_of("x", bytes(source), language)
    lines = source.count(b"\n") + 1
    for symbol in found.symbols:
        assert 1 <= symbol.first <= symbol.last <= lines
        assert symbol.name
        assert "\n" not in symbol.signature + symbol.doc
