"""How well features without lung content distinguish adults from children: only planted differences are found."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dataset.images import decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import LABELS, POPULATIONS, Population
from model.imaging.geometry import RelativeBox
from training.evaluation.population_shortcuts import population_shortcuts

pytestmark = pytest.mark.slow

NO_LUNGS = SimpleNamespace(segmenter=SimpleNamespace(segment=lambda _: None))


def make_split(folder: Path, soft: Population | None) -> Split:
    """Return forty images per label and population in each split. Images of the population `soft` are blurred."""
    rng = np.random.default_rng(0)

    def records(name: str) -> list[LabelledImage]:
        made = []
        for number in range(160):
            label, population = LABELS[number % 2], POPULATIONS[number // 2 % 2]
            path = folder / f"{name}{number}.png"
            image = Image.fromarray(rng.normal(90, 20, (48, 48)).clip(0, 255).astype(np.uint8))
            (image.filter(ImageFilter.GaussianBlur(1)) if population is soft else image).save(path)
            made.append(LabelledImage(path, "train", label, f"p{number}", f"p{number}", "none", population))
        return made

    return Split(records("training"), records("validation"), [])


def test_a_difference_between_the_populations_is_found_within_each_label(tmp_path):
    measured = population_shortcuts(make_split(tmp_path, Population.ADULTS), NO_LUNGS, decode_image)

    assert measured.keys() == {"file_size", "framing", "spectrum"}
    for name in ("file_size", "spectrum"):
        assert {label: part["n"] for label, part in measured[name].items()} == dict.fromkeys(map(str, LABELS), 80)
        assert all(part["auc"]["value"] > 0.95 for part in measured[name].values())
    assert all(part["auc"]["value"] == 0.5 for part in measured["framing"].values())


def test_populations_that_look_alike_are_not_distinguished(tmp_path):
    measured = population_shortcuts(make_split(tmp_path, None), NO_LUNGS, decode_image)

    assert all(part["auc"]["low"] < 0.5 < part["auc"]["high"] for part in measured["spectrum"].values())


def test_the_position_of_the_lungs_is_a_feature(tmp_path):
    """The lungs of blurred images are smaller."""
    boxes = {True: RelativeBox(0.2, 0.2, 0.8, 0.8), False: RelativeBox(0.1, 0.1, 0.9, 0.9)}
    segmenter = SimpleNamespace(segment=lambda image: SimpleNamespace(box=boxes[bool(image.std() < 9)]))
    split = make_split(tmp_path, Population.CHILDREN)

    measured = population_shortcuts(split, SimpleNamespace(segmenter=segmenter), decode_image)

    assert all(part["auc"]["value"] > 0.95 for part in measured["framing"].values())


def test_one_population_is_not_measured(tmp_path):
    split = make_split(tmp_path, None)
    children = [record for record in split.training if record.population is Population.CHILDREN]

    assert population_shortcuts(Split(children, split.validation, []), NO_LUNGS, decode_image) is None
