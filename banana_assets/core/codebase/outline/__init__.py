"""The outline of a source file: classes, functions and methods with signature, lines, first line of their doc."""

from banana_assets.core.codebase.outline.symbols import FileOutline, Symbol
from banana_assets.core.codebase.outline.walking import MOST_BYTES, MOST_SYMBOLS, outline_of

__all__ = ["MOST_BYTES", "MOST_SYMBOLS", "FileOutline", "Symbol", "outline_of"]
