"""Running the asset graph from the command line: the commands that need Dagster, above everything else.

The ``banana`` command finds them by entry point (group ``banana.commands``), so its own rooms never import Dagster.
"""

import os

# Products of matrices here are small: a second thread of OpenBLAS mostly waits, at the full cost of a core. It reads
# this when numpy is loaded, and what is started from here inherits it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
