"""Set up what `make run` and `make test` need: system libraries, a virtual environment, the locked dependencies.

Standard library only: this runs with the machine's own Python before anything is installed. It does nothing when
nothing has changed since the last time. Where it may not install system packages it names the one command that does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / ".workbench-set-up"
INPUTS = ("pyproject.toml", "packaging/constraints.txt", "packaging/linux/debian-packages.txt", "packaging/set_up.py")


def main() -> int:
    """Set up, or say the one command that is missing."""
    if sys.version_info < (3, 11):
        return stop(
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.", "Run: make PYTHON=python3.11 run"
        )
    fingerprint = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in INPUTS)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == fingerprint:
        return 0
    command = missing_system_packages()
    if command:
        return stop("Some system libraries that the window needs are missing.", f"Run: {command}")
    if not (VENV / "bin" / "python").exists() and not make_environment():
        return stop("Python cannot make virtual environments here.", "Run: sudo apt-get install python3-venv")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    print("Installing the locked dependencies into .venv (some minutes the first time) ...", flush=True)
    if subprocess.run([*pip, "-c", "packaging/constraints.txt", "-e", ".[dev]"], cwd=ROOT).returncode:
        return stop("The dependencies could not be installed.", "Look at the lines above; then run make again.")
    STAMP.write_text(fingerprint)
    return 0


def make_environment() -> bool:
    """Make .venv; Debian splits venv off, and then the virtualenv package does as well."""
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True).returncode == 0:
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    if may_install() and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "python3-venv"], stdout=subprocess.DEVNULL, check=False)
        return subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode == 0
    return subprocess.run([sys.executable, "-m", "virtualenv", str(VENV)], capture_output=True).returncode == 0


def missing_system_packages() -> str:
    """Install the Debian packages that are missing when we may; return the command for the person when we may not."""
    if not shutil.which("dpkg-query"):
        return ""
    listed = (ROOT / "packaging/linux/debian-packages.txt").read_text().split()
    missing = [name for name in listed if not is_installed(name)]
    if not missing:
        return ""
    command = f"apt-get install -y {' '.join(missing)}"
    if not may_install():
        return f"sudo {command}"
    print(f"Installing system libraries: {' '.join(missing)} ...", flush=True)
    subprocess.run(["apt-get", "update", "-q"], stdout=subprocess.DEVNULL, check=False)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    done = subprocess.run(install, stdout=subprocess.DEVNULL, env=environment).returncode == 0
    return "" if done else command


def is_installed(name: str) -> bool:
    """Ask dpkg, which knows packages that were renamed for 64-bit time (libasound2t64) as provided ones."""
    names = [name, f"{name}t64"]
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\n", *names]
    return "installed" in subprocess.run(query, capture_output=True, text=True).stdout.split()


def may_install() -> bool:
    """Whether this process is root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def stop(what: str, way_out: str) -> int:
    """Say what is missing and the way out."""
    print(f"{what}\n{way_out}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
