"""When work should run and in which order: estimates, rules, replays on history, windows with room, batch sizes."""
