"""Forecasts with intervals: of the resource usage table, and of any regular series."""
