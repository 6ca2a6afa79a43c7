"""Model Workbench: open, inspect, optimize, measure and export neural network models on your own computer."""

__version__ = "0.1.0"
