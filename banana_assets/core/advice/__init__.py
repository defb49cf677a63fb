"""From metrics and diagnoses to bottlenecks and recommendations."""
