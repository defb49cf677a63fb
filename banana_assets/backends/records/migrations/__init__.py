"""Alembic's scripts; ``records/migration.py`` runs them."""
