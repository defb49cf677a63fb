"""The dashboard: builds, their logs and what was learned of them, as pages for people."""
