"""Running the asset graph from the command line: the commands that need Dagster, above everything else.

The ``banana`` command finds them by entry point (group ``banana.commands``), so its own rooms never import Dagster.
"""
