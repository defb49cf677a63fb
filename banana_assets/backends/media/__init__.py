"""Media and other records with a declared schema: reading them, judging them, filling what is missing, writing back."""
