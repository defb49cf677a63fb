"""Errors meant for people: what was wrong, where, and what to do next."""

from __future__ import annotations


class BananaError(Exception):
    """A mistake or a state that a person can mend.

    Every interface shows it as one sentence, never as a traceback. ``message`` says what was wrong and where,
    ``remedy`` what to do next.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InputError(BananaError):
    """The input cannot be used as it is: empty, damaged, of another kind, or unsafe to open."""


class MissingError(InputError):
    """What the input names is not there."""


class ContradictionError(InputError):
    """The input says what cannot be true together with itself, or with what is known."""


class SettingsError(BananaError):
    """A setting has a value that cannot be used."""


class StoreError(BananaError):
    """The store cannot be read or written: no room, no permission, damage, or a newer version's schema."""


class AccessError(BananaError):
    """Who asks may not do that: no key, one that is over, or one without the scope."""
