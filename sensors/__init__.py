"""What starts runs by itself, and who is told when one fails."""
