"""How it is computed: pure functions over frames and small frozen types.

No Dagster, database, network, clock or environment.
"""
