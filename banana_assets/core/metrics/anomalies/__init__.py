"""How unusual each reading of a series is, computed from the past alone."""
