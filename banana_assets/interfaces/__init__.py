"""Who asks: the command line, HTTP, agents."""
