"""Conversion of a release from format 5 to format 6: other names, the same networks and numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.admission.classifier import LIMIT_NAMES
from model.codes import LABELS
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from model.storage import sha256
from tools.convert_release import ADMISSION_ARRAYS, FILE_NAMES, LIMITS, convert_metrics, main

CARD = "A card.\n"
SAME_NAMES = ("lungs.tflite", "lungs.keras", "predictions.csv", "curves.csv", "history.csv", "dataset_audit.json")
RATES = {"codes": {"cropped": 3, "unfamiliar": 2, "rotated": 1}}
METRICS = {
    "splits": {"test": {"calibration": {"as_stated": {"ece": 0.1 + 0.2}, "at_this_prevalence": None}}},
    "neighbours": {"count": 5},
    "admission": {
        "test": RATES,
        "adults": None,
        "negatives": {"upside down": {"accepted": 1e-17, "remedied": {"n": 3}}, "photographs": {"remedied": None}},
    },
    "explanations": {"known_answers": {"hit": 1}, "curves": {"n": 2}, "warnings": None},
    "lungs": {"n": 751},
}
DESCRIPTION: dict[str, Any] = {
    "format": 5,
    "name": "Made up",
    "version": "0.1.0",
    "input": {
        "height": 8,
        "width": 8,
        "channels": 1,
        "dtype": "float32",
        "value_range": [0, 255],
        "resize": RESIZE_METHOD,
    },
    "outputs": {"logit": [1, 1]},
    "view": {"part": "lung box", "margin": 0.1},
    "labels": list(LABELS),
    "training_prevalence": 0.7479489516864175,
    "default_operating_point": "balanced",
    "calibration": {"slope": 1.4971965503730498, "intercept": 0.0, "chosen": "So."},
    "operating_points": [{"name": "balanced", "threshold": 0.63146253031163, "chosen": "So."}],
    "conformal": {"coverage": 0.975, "least_pneumonia": 0.25, "most_normal": 0.75, "chosen": "So."},
    "map_scale": {"value": 9.031865119934082, "chosen": "So."},
    "training": {"seed": 2, "size": 8, "lungs": "released", "view": "whole", "alpha": 1.0, "stride": 32, "crop": 0.4},
    "dataset": {"name": "Set", "pictures": {"training": 7, "validation": 3}, "patients": {"training": 5}},
    "lungs": {"side": 16, "found": {"n": 751}},
    "explanation_checks": {"inside_lungs": 0.48, "effect": -0.0001, "agreement": 0.006, "chosen": "So."},
    "population": "Children whose view is chosen.",
}


@pytest.fixture(scope="module")
def old_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    limits = {name: np.float32(rng.normal()) for name in LIMITS}
    return limits | {name: rng.normal(size=3).astype(np.float32) for name in ADMISSION_ARRAYS}


@pytest.fixture
def old_release(tmp_path, old_arrays) -> Path:
    """A tiny release of format 5."""
    directory = tmp_path / "release"
    directory.mkdir()
    for name in (*FILE_NAMES, *SAME_NAMES):
        (directory / name).write_bytes(name.encode())
    np.savez_compressed(directory / "admission.npz", **old_arrays)
    (directory / "metrics.json").write_text(json.dumps(METRICS))
    (directory / "MODEL_CARD.md").write_text(CARD)
    files = {path.name: sha256(path) for path in directory.iterdir()}
    (directory / "model.json").write_text(json.dumps(DESCRIPTION | {"files": files}))
    return directory


def test_a_release_of_format_5_is_converted_in_place(old_release, old_arrays):
    main([str(old_release)])

    release = load_release(old_release)
    assert {path.name for path in old_release.iterdir()} == set(ReleaseFile)
    assert set(release.checksums) == set(ReleaseFile) - {ReleaseFile.CHECKSUMS}
    for old_name, name in [*FILE_NAMES.items(), *((name, name) for name in SAME_NAMES)]:
        assert release.read_file(name) == old_name.encode()
    description = release.description
    assert description["format"] == 6
    assert "files" not in description
    assert description["input_region"] == {"kind": "lung box", "margin": 0.1}
    assert description["network"] == {"architecture": "MobileNetV2", "description": "17 blocks of convolutions"}
    assert description["conformal"] == {
        "coverage": 0.975,
        "pneumonia_from": 0.25,
        "normal_up_to": 0.75,
        "rationale": "So.",
    }
    assert description["training"] == {
        "seed": 2,
        "input_size": 8,
        "lung_network": "released",
        "region": "whole",
        "width_multiplier": 1.0,
        "output_stride": 32,
        "max_crop": 0.4,
    }
    assert description["dataset"]["images"] == {"training": 7, "validation": 3}
    assert description["lungs"] == {"side": 16, "segmentation_metrics": {"n": 751}}
    assert description["heat_map_reliability"]["rationale"] == "So."
    assert description["calibration"] == {"slope": 1.4971965503730498, "intercept": 0.0, "rationale": "So."}
    assert description["population"] == "Children whose view is chosen."
    assert 'chosen"' not in (old_release / "model.json").read_text()

    assert description["admission"].keys() == {*LIMIT_NAMES, "rationale"}
    for old_name, name in LIMITS.items():
        assert np.float32(description["admission"][name]).tobytes() == old_arrays[old_name].tobytes()
        assert description["admission"][name] == float(old_arrays[old_name])
    with np.load(old_release / ReleaseFile.ADMISSION) as arrays:
        assert set(arrays) == set(ADMISSION_ARRAYS.values())
        for old_name, name in ADMISSION_ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], old_arrays[old_name])
    assert release.read_file(ReleaseFile.CARD).decode() == CARD


def test_metrics_keep_every_figure_under_their_new_names(old_release):
    main([str(old_release)])

    assert json.loads((old_release / "metrics.json").read_text()) == {
        "splits": {"test": {"calibration": {"raw": {"ece": 0.1 + 0.2}, "prevalence_adjusted": None}}},
        "similar_cases": {"count": 5},
        "admission": {
            "test": {"codes": {"cropped": 3, "out_of_distribution": 2, "rotated": 1}},
            "adults": None,
            "negatives": {
                "upside down": {"accepted": 1e-17, "corrected": {"n": 3}},
                "photographs": {"corrected": None},
            },
        },
        "explanations": {"synthetic_opacities": {"hit": 1}, "deletion_insertion": {"n": 2}, "warnings": None},
        "lungs": {"n": 751},
    }


def test_codes_are_sorted_by_their_new_names():
    assert list(convert_metrics(METRICS)["admission"]["test"]["codes"]) == ["cropped", "out_of_distribution", "rotated"]


def test_a_release_of_another_format_is_left_alone(old_release):
    main([str(old_release)])
    before = {path.name: path.read_bytes() for path in old_release.iterdir()}
    with pytest.raises(SystemExit, match=r"has format 6; this command converts format 5\.$"):
        main([str(old_release)])
    assert {path.name: path.read_bytes() for path in old_release.iterdir()} == before
