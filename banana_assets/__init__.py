"""Banana turns raw application logs and CI builds into data assets, with lineage down to the log line."""

__version__ = "0.1.0"
