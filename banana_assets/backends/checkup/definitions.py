"""A check that Dagster's definitions load."""

from __future__ import annotations

import re
import subprocess
import sys

from banana_assets.backends.checkup.check import Found, Place, failed, ok
from banana_assets.core.text import cut

SECONDS = 180.0
LONGEST_SAID = 400


def found(place: Place) -> Found:
    """Loadable, or why not."""
    try:
        status, out, err = place.loading.ended(SECONDS)
    except subprocess.TimeoutExpired:
        return failed(f"Dagster did not load them within {SECONDS:.0f} s", "Try again on a machine less busy.")
    if status:
        # Our own words, and not how Python prints them.
        shown = [line for line in err.splitlines() if not line.startswith("Traceback")][-8:]
        last = next((line for line in reversed(err.splitlines()) if line.strip()), "no reason given")
        own = re.sub(r"^banana_assets\.[\w.]+: ", "", last)
        if own != last:
            # One of our own sentences, with what to do in it.
            return failed(f"they cannot be loaded: {cut(own.rstrip('.'), LONGEST_SAID)}", "", *shown)
        return failed(
            f"they cannot be loaded: {cut(last, LONGEST_SAID)}",
            f"`{sys.executable} -m dagster definitions validate -m banana_assets.definitions` shows where.",
            *shown,
        )
    assets, jobs, sensors, schedules = out.split()[-4:]
    return ok(f"{assets} assets, {jobs} jobs, {sensors} sensors, {schedules} schedules load in Dagster")
