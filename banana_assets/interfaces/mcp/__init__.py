"""The tools, resources and prompts that coding agents call over the Model Context Protocol."""
