"""A library that takes for ever to import."""

import sys
import threading

sys.stderr.write("importing\n")
sys.stderr.flush()
threading.Event().wait()
