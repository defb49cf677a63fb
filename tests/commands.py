"""What running a command in the tests' own process answers."""

from __future__ import annotations

from collections.abc import Callable

Run = Callable[..., tuple[int, str, str]]
"""Exit status, stdout and stderr of ``banana`` with these words."""
