"""Heavy libraries wrapped; the only modules that import them at the top. Imported inside functions only."""
