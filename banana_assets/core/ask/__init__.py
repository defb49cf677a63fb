"""Questions in words: which declared query a question means, and its answer out of the tables."""
