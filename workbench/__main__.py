"""``python -m workbench`` and the ``workbench`` command; ``workbench --worker`` is a worker (the frozen app's way)."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, or a worker, and exit with its code."""
    if sys.argv[1:2] == ["--worker"]:
        from workbench.jobs.worker import main as worker

        sys.exit(worker(sys.argv[2:]))
    try:
        from workbench.core.i18n import set_language

        set_language()  # before the commands are built: their help is translated as they are
        from workbench.cli import main as command_line
    except KeyboardInterrupt:
        sys.exit(130)  # while still importing: nothing has begun
    sys.exit(command_line())


if __name__ == "__main__":
    main()
