"""Named selections of the asset graph, their schedules, and the commands that run them."""
