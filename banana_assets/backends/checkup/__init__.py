"""Whether an installation works: checks that a person or a program can run, each with how to mend what is wrong."""

from banana_assets.backends.checkup.check import Check
from banana_assets.backends.checkup.running import checkup

__all__ = ["Check", "checkup"]
