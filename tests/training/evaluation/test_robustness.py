"""Perturbations are deterministic, framings remove framing differences, and perturbed images are measured."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from model.codes import LABELS, Label
from model.imaging.geometry import RelativeBox
from model.inference.decision import Calibration, OperatingPoint
from tests.support.populations import decision_rules
from tests.support.synthetic import synthetic_radiograph
from training.evaluation import calibration_metrics
from training.evaluation.robustness import framings, measure_robustness, measure_storage, perturbations

pytestmark = pytest.mark.slow

LUNGS = RelativeBox(0.3, 0.2, 0.7, 0.9)


def radiograph(side: int = 224) -> Image.Image:
    return Image.fromarray(synthetic_radiograph(side, side).round().astype(np.uint8))


def changes() -> dict:
    return {name: lambda image, change=change: change(image) for name, change in perturbations().items()} | {
        name: lambda image, framing=framing: framing(image, LUNGS) for name, framing in framings().items()
    }


@pytest.mark.parametrize("name", changes())
def test_a_perturbation_keeps_size_and_mode_and_does_not_modify_its_input(name):
    image = radiograph()

    perturbed = changes()[name](image)

    assert (perturbed.size, perturbed.mode) == (image.size, "L")
    assert np.array_equal(image, radiograph())


@pytest.mark.parametrize("name", changes())
def test_a_perturbation_is_deterministic_and_changes_the_image(name):
    noise = np.random.default_rng(1).integers(-20, 20, (224, 224))
    image = Image.fromarray((np.asarray(radiograph(), int) + noise).clip(0, 255).astype(np.uint8))

    first, second = (np.asarray(changes()[name](image)) for _ in range(2))

    assert np.array_equal(first, second)
    assert not np.array_equal(first, image)


def test_an_even_framing_removes_differences_in_framing():
    close = radiograph()
    wide = Image.new("L", (448, 448), 90)
    wide.paste(close, (100, 150))
    lungs_in_wide = RelativeBox(
        *((edge * 224 + offset) / 448 for edge, offset in zip((0.3, 0.2, 0.7, 0.9), (100, 150) * 2, strict=True))
    )
    even = framings()["framing: lungs, even margin"]

    framed_close = np.asarray(even(close, LUNGS), float)
    framed_wide = np.asarray(even(wide, lungs_in_wide).resize((224, 224)), float)

    assert np.abs(framed_close - framed_wide).mean() < 2
    assert np.abs(framed_close - np.asarray(close)).mean() > 10


def test_framing_beyond_the_image_repeats_its_border():
    image = Image.new("L", (64, 64), 70)
    framed = framings()["framing: lungs, even margin"](image, RelativeBox(0.0, 0.0, 1.0, 1.0))
    assert set(np.unique(framed)) == {70}


def test_uneven_margins_differ_between_images():
    uneven = framings()["framing: lungs, uneven margins"]
    columns = np.tile(np.arange(224, dtype=np.uint8), (224, 1))
    first, second = (np.asarray(uneven(Image.fromarray(columns + np.uint8(n)), LUNGS), int) - n for n in (0, 1))
    assert np.abs(first - second).max() > 5


def test_perturbed_images_are_measured_by_perturbation_and_together(monkeypatch):
    monkeypatch.setattr(calibration_metrics, "RECALIBRATION_DRAWS", 20)
    rules = decision_rules(OperatingPoint("balanced", 0.5, "by hand"), calibration=Calibration(2.0, 0.0))
    rows = pd.DataFrame({"label": LABELS * 2, "patient": list("abcd")}, index=[7, 8, 9, 10])
    harmless, harmful = np.array([-2.0, 2.0, -1.0, 3.0]), np.array([-2.0, -1.0, 0.0, 0.1])

    measured = measure_robustness({"harmless": harmless, "harmful": harmful}, rows, rules)

    assert measured["shifts"] == {
        "harmless": {"auc": 1.0, "sensitivity": 1.0, "specificity": 1.0},
        "harmful": {"auc": 0.75, "sensitivity": 0.5, "specificity": 0.5},
    }
    assert (measured["n"], measured["mean_auc"], measured["worst_auc"]) == (4, 0.875, 0.75)
    shares = measured["conformal"]["coverage"] | {
        "indeterminate normal": measured["conformal"]["indeterminate"]["balanced"][Label.NORMAL]
    }
    assert {name: (share["value"], share["n"]) for name, share in shares.items()} == {
        Label.NORMAL: (1.0, 4),  # both classes are plausible at 0.5
        Label.PNEUMONIA: (0.75, 4),
        "indeterminate normal": (0.25, 4),
    }
    probability = rules.calibration.probability(np.concatenate([harmless, harmful]))
    brier = measured["calibration"]["raw"]["brier"]["value"]
    assert brier == pytest.approx(((probability - np.tile([0, 1, 0, 1], 2)) ** 2).mean())


def test_stored_images_are_compared_with_the_images_as_they_are():
    rules = decision_rules(OperatingPoint("balanced", 0.5, "by hand"))
    rows = pd.DataFrame({"label": LABELS * 2, "patient": list("abcd"), "probability": [0.1, 0.9, 0.2, 0.3]})

    measured = measure_storage({"scaled: somehow": np.array([-2.0, 2.0, 1.0, 3.0])}, rows, rules)

    assert measured == {
        "n": 4,
        "unperturbed": {"auc": 1.0, "sensitivity": 0.5, "specificity": 1.0},
        "shifts": {"scaled: somehow": {"auc": 1.0, "sensitivity": 1.0, "specificity": 0.5}},
    }
