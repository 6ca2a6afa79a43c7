"""Image folders: classes, orientation, colours, and broken or enormous files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.datasets.select import open_dataset

COLOUR = [Port("image", "float32", [None, 8, 8, 3])]


def save(path: Path, colour: tuple[int, int, int] | int, size: tuple[int, int] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(path)


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    root = tmp_path / "animals"
    for index in range(3):
        save(root / "cat" / f"{index}.png", (index, 0, 0))
        save(root / "dog" / "young" / f"{index}.png", (0, index, 0), size=(16, 12))
    (root / "cat" / "notes.txt").write_text("not an image")
    (root / ".cache").mkdir()
    return root


def test_folders_are_classes_in_alphabetical_order(animals: Path) -> None:
    data = open_dataset(DataSpec(path=str(animals)), COLOUR)
    assert data.class_names == ["cat", "dog"]
    assert data.labels is not None
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]
    images = data.feeds(range(6))["image"]
    assert images.shape == (6, 8, 8, 3)
    assert images[2, 0, 0].tolist() == [2, 0, 0]
    assert images[5, 4, 4].tolist() == [0, 2, 0]


def test_bgr_and_channels_first(animals: Path) -> None:
    spec = DataSpec(path=str(animals), preprocessing=Preprocessing(channels="bgr", scale=0.5))
    images = open_dataset(spec, [Port("image", "float32", [None, 3, 8, 8])]).feeds([2])["image"]
    assert images[0, :, 0, 0].tolist() == [0, 0, 1]


def test_a_flat_folder_and_a_single_image_have_no_labels(tmp_path: Path) -> None:
    save(tmp_path / "one.png", 7)
    data = open_dataset(DataSpec(path=str(tmp_path)), [Port("image", "uint8", [None, 8, 8, 1])])
    assert data.labels is None
    assert data.feeds([0])["image"].max() == 7
    single = open_dataset(DataSpec(path=str(tmp_path / "one.png")), COLOUR)
    assert len(single) == 1


def test_exif_orientation_is_followed(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    image.putpixel((0, 0), (250, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "turned.png", exif=exif)
    pixels = open_dataset(DataSpec(path=str(tmp_path)), COLOUR).feeds([0])["image"][0]
    assert pixels[7, 7, 0] == 250
    assert pixels[0, 0, 0] == 0


def test_sixteen_bit_images_are_read_as_eight(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0x8000, dtype=np.uint16)).save(tmp_path / "deep.png")
    pixels = open_dataset(DataSpec(path=str(tmp_path)), COLOUR).feeds([0])["image"]
    assert pixels.max() == pixels.min() == 128


def test_an_image_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "large.png", 1, size=(300, 300))
    for limit in (50_000, 20_000):  # between the limit and twice the limit Pillow only warns
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(WorkbenchError, match="million pixels"):
            open_dataset(DataSpec(path=str(tmp_path)), COLOUR)


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    save(tmp_path / "whole.png", 1, size=(64, 64))
    broken = tmp_path / "broken.png"
    broken.write_bytes((tmp_path / "whole.png").read_bytes()[:60])
    with pytest.raises(WorkbenchError, match=r"Cannot read the image .*broken\.png"):
        open_dataset(DataSpec(path=str(tmp_path)), COLOUR)


def test_images_beside_class_folders_are_refused(animals: Path) -> None:
    save(animals / "stray.png", 1)
    with pytest.raises(WorkbenchError, match="beside its class folders"):
        open_dataset(DataSpec(path=str(animals)), COLOUR)


def test_images_of_many_sizes_need_a_size_where_the_model_takes_any(animals: Path) -> None:
    anything = [Port("image", "float32", [None, None, None, 3])]
    data = open_dataset(DataSpec(path=str(animals)), anything)
    assert data.feeds([5])["image"].shape == (1, 12, 16, 3)
    with pytest.raises(WorkbenchError, match="different shapes") as caught:
        data.feeds([0, 5])
    assert "size" in caught.value.hint
    sized = open_dataset(DataSpec(path=str(animals), preprocessing=Preprocessing(size=(10, 14))), anything)
    assert sized.feeds([0, 5])["image"].shape == (2, 10, 14, 3)
    assert "10\u00d714" in sized.notes[0]


def test_the_digest_follows_the_files(animals: Path) -> None:
    before = open_dataset(DataSpec(path=str(animals)), COLOUR).digest()
    save(animals / "cat" / "0.png", (9, 9, 9))
    assert open_dataset(DataSpec(path=str(animals)), COLOUR).digest() != before


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_cut_off_exif_is_a_clear_error(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"odd{suffix}"
    Image.new("RGB", (8, 8)).save(path, exif=b"II*\0\x08")
    with pytest.raises(WorkbenchError, match="Cannot read the image"):
        open_dataset(DataSpec(path=str(path)), COLOUR).feeds([0])
