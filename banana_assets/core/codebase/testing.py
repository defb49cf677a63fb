"""How many tests are written in a source file."""

from __future__ import annotations

import re

_WRITTEN = {
    "Python": rb"^[ \t]*(?:async )?def test\w*\s*\(",
    "JavaScript": rb"^[ \t]*(?:it|test)(?:\.\w+)*\s*[(`]",
    "Go": rb"^func (?:Test|Benchmark|Fuzz|Example)\w*\(",
    "Java": rb"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b",
    "Rust": rb"#\[(?:\w+::)?test\b",
    "Ruby": rb"^[ \t]*(?:it|specify|scenario|test)\s+['\"{(]|^[ \t]*def test_\w+",
    "C#": rb"\[(?:Fact|Theory|Test|TestMethod|TestCase)\b",
    "PHP": rb"function test\w*\s*\(|#\[Test\]|@test\b|^[ \t]*(?:it|test)\s*\(",
    "C++": rb"^[ \t]*(?:TYPED_)?TEST(?:_F|_P|_CASE)?\s*\(|^[ \t]*SCENARIO\s*\(",
    "Shell": rb"^@test\s|^test_\w+\s*\(\)",
    "Elixir": rb"^[ \t]*test\s+\"",
    "Swift": rb"func test\w*\s*\(|@Test\b",
    "Dart": rb"^[ \t]*(?:test|testWidgets)\s*\(",
    "Scala": rb"^[ \t]*(?:test|it)\s*\(|\bshould\b[^\n]{0,200}\bin \{",
    "Julia": rb"^[ \t]*@test\b",
    "Gherkin": rb"^[ \t]*Scenario(?: Outline)?:",
}
_ALIKE = {
    "TypeScript": "JavaScript",
    "TSX": "JavaScript",
    "Vue": "JavaScript",
    "Kotlin": "Java",
    "Groovy": "Java",
    "C": "C++",
}
_COMPILED = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _WRITTEN.items()}


def written_tests(language: str | None, content: bytes) -> int:
    """The tests that the conventions of the language's runners find in a source; 0 for a language without such."""
    pattern = _COMPILED.get(_ALIKE.get(language or "", language or ""))
    return sum(1 for _ in pattern.finditer(content)) if pattern else 0
