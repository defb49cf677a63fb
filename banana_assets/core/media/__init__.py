"""Metadata of records with a declared schema: how complete and valid it is, what is missing, what can be derived."""
