"""The graph view: drawing from arrays, search, inspector."""
