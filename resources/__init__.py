"""Backends as Dagster resources: configuration that the UI shows, and the IO manager."""
