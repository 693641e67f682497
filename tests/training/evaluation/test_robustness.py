"""Shifts of the validation pictures: each does one thing, always the same, and framings make framing alike."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import training.calibration.platt
from model.imaging.geometry import RelativeBox
from model.inference.decision import Calibration, ConformalLimits, OperatingPoint
from tests.support.synthetic import synthetic_radiograph
from training.evaluation.robustness import framings, measure_robustness, perturbations

LUNGS = RelativeBox(0.3, 0.2, 0.7, 0.9)


def film(side: int = 224) -> Image.Image:
    return Image.fromarray(synthetic_radiograph(side, side).round().astype(np.uint8))


def changes() -> dict:
    return {name: lambda picture, shift=shift: shift(picture) for name, shift in perturbations().items()} | {
        name: lambda picture, framing=framing: framing(picture, LUNGS) for name, framing in framings().items()
    }


@pytest.mark.parametrize("name", changes())
def test_a_shift_keeps_size_and_depth_and_leaves_the_picture_given_alone(name):
    picture = film()

    shifted = changes()[name](picture)

    assert (shifted.size, shifted.mode) == (picture.size, "L")
    assert np.array_equal(picture, film())


@pytest.mark.parametrize("name", changes())
def test_a_shift_changes_a_picture_and_always_in_the_same_way(name):
    grain = np.random.default_rng(1).integers(-20, 20, (224, 224))
    picture = Image.fromarray((np.asarray(film(), int) + grain).clip(0, 255).astype(np.uint8))

    first, second = (np.asarray(changes()[name](picture)) for _ in range(2))

    assert np.array_equal(first, second)
    assert not np.array_equal(first, picture)


def test_an_even_framing_shows_the_lungs_alike_however_they_were_framed():
    close = film()
    wide = Image.new("L", (448, 448), 90)
    wide.paste(close, (100, 150))
    found_in_wide = RelativeBox(
        *((edge * 224 + at) / 448 for edge, at in zip((0.3, 0.2, 0.7, 0.9), (100, 150) * 2, strict=True))
    )
    even = framings()["framing: lungs, even margin"]

    of_close = np.asarray(even(close, LUNGS), float)
    of_wide = np.asarray(even(wide, found_in_wide).resize((224, 224)), float)

    assert np.abs(of_close - of_wide).mean() < 2
    assert np.abs(of_close - np.asarray(close)).mean() > 10


def test_beyond_the_picture_its_border_goes_on():
    picture = Image.new("L", (64, 64), 70)
    framed = framings()["framing: lungs, even margin"](picture, RelativeBox(0.0, 0.0, 1.0, 1.0))
    assert set(np.unique(framed)) == {70}


def test_uneven_margins_differ_from_picture_to_picture():
    uneven = framings()["framing: lungs, uneven margins"]
    columns = np.tile(np.arange(224, dtype=np.uint8), (224, 1))
    first, second = (np.asarray(uneven(Image.fromarray(columns + np.uint8(n)), LUNGS), int) - n for n in (0, 1))
    assert np.abs(first - second).max() > 5


def test_shifted_pictures_are_measured_shift_by_shift_and_together(monkeypatch):
    monkeypatch.setattr(training.evaluation.calibration_metrics, "RECALIBRATION_DRAWS", 20)
    point = OperatingPoint("balanced", 0.5, "by hand")
    release = SimpleNamespace(
        calibration=Calibration(2.0, 0.0),
        operating_points=(point,),
        operating_point=lambda: point,
        conformal=ConformalLimits(0.9, 0.4, 0.6, "by hand"),
        training_prevalence=0.7,
    )
    rows = pd.DataFrame({"label": ["NORMAL", "PNEUMONIA"] * 2, "patient": list("abcd")}, index=[7, 8, 9, 10])
    harmless, harmful = np.array([-2.0, 2.0, -1.0, 3.0]), np.array([-2.0, -1.0, 0.0, 0.1])

    measured = measure_robustness({"harmless": harmless, "harmful": harmful}, rows, release)

    assert measured["shifts"] == {
        "harmless": {"auc": 1.0, "sensitivity": 1.0, "specificity": 1.0},
        "harmful": {"auc": 0.75, "sensitivity": 0.5, "specificity": 0.5},
    }
    assert (measured["n"], measured["mean_auc"], measured["worst_auc"]) == (4, 0.875, 0.75)
    shares = measured["conformal"]["coverage"] | {
        "in doubt": measured["conformal"]["indeterminate"]["balanced"]["NORMAL"]
    }
    assert {name: (share["value"], share["n"]) for name, share in shares.items()} == {
        "NORMAL": (1.0, 4),  # 0.5 is still plausible for both
        "PNEUMONIA": (0.75, 4),
        "in doubt": (0.25, 4),
    }
    probability = release.calibration.probability(np.concatenate([harmless, harmful]))
    brier = measured["calibration"]["as_stated"]["brier"]["value"]
    assert brier == pytest.approx(((probability - np.tile([0, 1, 0, 1], 2)) ** 2).mean())
