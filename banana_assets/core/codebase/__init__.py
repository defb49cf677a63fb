"""A code base told from its files' names and texts: languages, tests, frameworks, outline, what a change broke."""
