"""From counts and samples to metrics, health and forecasts."""
