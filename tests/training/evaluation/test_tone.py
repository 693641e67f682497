"""Tone changes keep the order of grey levels, and verdicts that they change are counted by change and together."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import Label, Population
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.decision import Calibration, ConformalLimits, DecisionRules, OperatingPoint
from training.evaluation import tone
from training.evaluation.tone import MAX_12_BIT, changed_tone, measure_tone, tone_changes

pytestmark = pytest.mark.slow

RULES = DecisionRules(
    Calibration(1.0, 0.0),
    (OperatingPoint("balanced", 0.5, "by hand"),),
    "balanced",
    ConformalLimits(0.9, 0.4, 0.6, "by hand"),
    0.5,
    (1, 5),
)


class BrightnessClassifier:
    """A classifier that finds pneumonia if the mean grey level is above 100."""

    def infer_working(self, working):
        return SimpleNamespace(output=SimpleNamespace(logit=float(working.mean()) - 100))


@pytest.mark.parametrize("name", tone_changes())
def test_a_tone_change_keeps_the_order_of_grey_levels(name):
    grey = np.arange(256, dtype=np.float32)
    assert (np.diff(tone_changes()[name](grey)) > 0).all()


@given(st.integers(0, 255), st.sampled_from(sorted(tone_changes())))
def test_a_changed_tone_is_an_8_bit_image_again(grey, name):
    image = np.full((2, 3), grey, np.uint8)

    changed = changed_tone(image, tone_changes()[name])

    assert (changed.dtype, changed.shape) == (np.uint8, (2, 3))


def test_a_12_bit_window_shows_its_edges_black_and_white():
    window = tone_changes()["12-bit window 2048/2800"]
    edges = np.array([2048 - 1400, 2048 + 1399]) * 255 / MAX_12_BIT  # lowest and highest level inside, PS3.3 C.11.2.1.2

    assert window(edges) == pytest.approx([0, 255], abs=0.1)


def test_verdicts_that_change_are_counted_by_change_and_together(monkeypatch):
    images = np.stack([np.full((WORKING_SIDE, WORKING_SIDE, 1), grey, np.uint8) for grey in (90, 110, 240)])
    monkeypatch.setattr(tone, "load_images", lambda *_: images)
    changes = {"darker": lambda grey: grey - 20, "brighter": lambda grey: grey + 20, "same": lambda grey: grey}
    monkeypatch.setattr(tone, "tone_changes", lambda: changes)
    records = [SimpleNamespace(patient=name, label=Label.NORMAL, population=Population.CHILDREN) for name in "abb"]

    measured = measure_tone(BrightnessClassifier(), RULES, records)

    shares = {name: (share["value"], share["n"]) for name, share in measured["changes"].items()}
    assert shares == {"darker": (pytest.approx(1 / 3), 3), "brighter": (pytest.approx(1 / 3), 3), "same": (0, 3)}
    assert measured["verdicts_changed"]["value"] == pytest.approx(2 / 9)
