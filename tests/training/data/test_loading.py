"""Training images are the same as in inference, and files that cannot be read are named."""

import re
from pathlib import Path

import numpy as np
import pytest

from dataset.index import LabelledImage, load_index
from model.errors import TrainingError
from model.imaging.decode import decode
from model.imaging.geometry import resize
from model.imaging.preprocessing import working_image
from training.data.loading import load_images, read_radiograph, targets

pytestmark = pytest.mark.slow


def record_of(path: Path) -> LabelledImage:
    return LabelledImage(path, "train", "NORMAL", "IM-0001", "IM-0001", "none")


@pytest.mark.parametrize("side", [32, 40, 57])
def test_training_images_are_those_of_inference_to_the_nearest_grey_value(tiny_set, side):
    records = load_index(tiny_set)[::7]

    images = load_images(records, side, "images")

    expected = [resize(working_image(decode(record.path.read_bytes())), side, side) for record in records]
    assert (images.shape, images.dtype) == ((len(records), side, side, 1), np.uint8)
    assert np.array_equal(images[..., 0], np.round(expected))


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    damaged = tmp_path / "IM-0001-0001.jpeg"
    damaged.write_bytes(b"not an image")

    pattern = rf"^{re.escape(str(damaged))} cannot be read: .+\. Replace or remove the file\.$"
    with pytest.raises(TrainingError, match=pattern):
        load_images([record_of(damaged)], 32, "images")


def test_a_missing_image_is_named(tmp_path):
    missing = tmp_path / "IM-0001-0001.jpeg"

    message = f"{missing} cannot be read (No such file or directory). Replace or remove the file."
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        read_radiograph(record_of(missing))


def test_targets_are_1_for_pneumonia(tiny_set):
    records = load_index(tiny_set)

    assert targets(records).shape == (len(records), 1)
    assert targets(records)[:, 0].tolist() == [float(record.label == "PNEUMONIA") for record in records]
