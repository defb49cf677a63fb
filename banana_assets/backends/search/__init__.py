"""Seen something like this? The index of what Banana has found, by words and by meaning."""

from banana_assets.backends.search.index import Search, folder_of, open_search, there_is_an_index

__all__ = ["Search", "folder_of", "open_search", "there_is_an_index"]
