"""How unusual each reading of a series is, computed from the past alone."""

from banana_assets.core.metrics.anomalies.detect import anomaly_scores, readings_a_day, score_readings

__all__ = ["anomaly_scores", "readings_a_day", "score_readings"]
