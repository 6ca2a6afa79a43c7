"""Model Workbench: open, inspect, optimize, measure and export neural network models on your own computer."""

import os

__version__ = "0.1.0"

# ONNX Runtime (seen in 1.31) reports its use to its maker from the moment it is imported, unless this is set before.
# Nothing of ours may send anything, so it is set here, where every process of ours begins; workers inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
