"""What is asked of a language model and what it answers; who is asked is decided in backends/llm."""
