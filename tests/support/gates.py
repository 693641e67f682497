"""Gates that let in or refuse what a test wants, and films to lay before them."""

from dataclasses import replace
from typing import Self

import numpy as np
import pytest

from model.admission.classifier import FINE, KINDS, Checks
from model.admission.decision import Code
from model.admission.features import HEART, count_signs
from model.admission.gate import Gate
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Reader
from model.inference.similar_cases import LookAlikes
from tests.support.synthetic import synthetic_radiograph


class OpenGate(Gate):
    """Lets every picture in, without a caution."""

    @classmethod
    def of(cls, reader: Reader) -> Self:
        return cls(reader, checks=None, index=LookAlikes.of(reader.release))

    def _refusals(self, *_):
        return (), None

    def _cautions(self, *_):
        return ()


class ShutGate(OpenGate):
    """Takes every picture for a part of a film."""

    def _refusals(self, *_):
        return (Code.CROPPED,), None


def checks(reader: Reader, kind: str = FINE, **changed) -> Checks:
    """Checks that take every picture for one kind, with limits that nothing is beyond."""
    signs, limit = count_signs(reader.release), np.float32
    arrays = {
        "hidden": np.zeros((signs, 3), np.float16),
        "hidden_bias": np.zeros(3, np.float32),
        "kinds": np.zeros((3, len(KINDS)), np.float32),
        "kinds_bias": np.array([5 * (one == kind) for one in KINDS], np.float32),
        "mirror": np.ones(HEART * HEART // 2, np.float32),
        "most_mirrored": limit(1e9),
        "least_fine": limit(0.5),
        "least_field": limit(-1),
        "least_apart": limit(-1),
        "most_level": limit(2),
        "least_detail": limit(-1),
        "most_detail": limit(1e9),
        "most_distance": limit(3),
    }
    return Checks(**{name: np.asarray(array) for name, array in (arrays | changed).items()})


@pytest.fixture(name="gate")
def admitting_gate(reader, index) -> Gate:
    """A gate that lets every picture in by its limits, on the released networks."""
    return Gate(reader, checks(reader), index)


def refusing(gate: Gate, kind: Code) -> Gate:
    return replace(gate, checks=checks(gate.reader, kind))


def limited(gate: Gate, **limits: float) -> Gate:
    return replace(gate, checks=checks(gate.reader, **{n: np.float32(v) for n, v in limits.items()}))


def film(height: int = 300, width: int = 400, colourfulness: float = 0.0) -> Radiograph:
    """Two lungs, one side and one end brighter, so that no two of its turned and mirrored forms look the same."""
    ramp = np.linspace(0, 30, width, dtype=np.float32) + np.linspace(0, 20, height, dtype=np.float32)[:, np.newaxis]
    return Radiograph(synthetic_radiograph(height, width) + ramp, "PNG", 8, colourfulness=colourfulness)


def admission(gate: Gate, radiograph: Radiograph):
    return gate.examine(radiograph).admission


def with_heat(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """Every finding has this heat map, the same everywhere."""
    real = Reader.finding if not hasattr(Reader.finding, "real") else Reader.finding.real

    def finding(reader, seen):
        found = real(reader, seen)
        return replace(found, heat_map=np.full_like(found.heat_map, value))

    finding.real = real
    monkeypatch.setattr(Reader, "finding", finding)
