"""What keeps secrets in, and what others wrote from being obeyed."""
