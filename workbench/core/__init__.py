"""The nouns of the workbench: standard library, numpy and msgspec only (no Qt, no machine learning library)."""
