"""The table of what tools print when they fail. One module a family; ``RULES`` is all of it, most telling first."""

from __future__ import annotations

from banana_assets.core.builds.tools import (
    ci,
    delivery,
    generic,
    hooks,
    javascript,
    jvm,
    native,
    network,
    python,
    scripting,
    shell,
)
from banana_assets.core.builds.tools.table import Rule

RULES: tuple[Rule, ...] = (
    *python.RULES,
    *javascript.RULES,
    *jvm.RULES,
    *native.RULES,
    *scripting.RULES,
    *shell.RULES,
    *network.RULES,
    *delivery.RULES,
    *ci.RULES,
    *hooks.RULES,
    *generic.RULES,
)

RULES_VERSION = 1
"""Raised with every change that can alter a diagnosis, so that stored ones can be told apart."""
