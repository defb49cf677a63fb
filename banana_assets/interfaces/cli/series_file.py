"""Reading a CSV file of series."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from banana_assets.core.errors import InputError

if TYPE_CHECKING:
    import polars as pl


def read_text_columns(source: Path) -> pl.DataFrame:
    """The file's columns as text; ``-`` is stdin. InputError when it cannot be read as CSV."""
    import polars as pl

    remedy = "Give a CSV file with the columns series_id,ts,y."
    try:
        if str(source) == "-":
            return pl.read_csv(sys.stdin.buffer.read(), infer_schema=False)
        # Opened here: polars takes a path for a pattern, and a folder for the files in it.
        with source.open("rb") as file:
            return pl.read_csv(file, infer_schema=False)
    except FileNotFoundError:
        raise InputError(f"There is no file {source}.", "Check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{source} is a folder.", "Name a file in it.") from None
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}.", remedy) from error
    except pl.exceptions.NoDataError:
        raise InputError(f"{source} is empty.", remedy) from None
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{source} is no CSV file that can be read: {first}.", remedy) from error
