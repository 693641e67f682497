"""Content of a candidate's model.json, built from the fitted and selected objects."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dataset.split import Split
from model.codes import LABELS, SPLITS
from model.explanation.reliability import ReliabilityLimits
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.release_loader import FORMAT, Release
from training.admission.fit import FittedAdmission
from training.release import statements

NAME = "Chest X-ray reader"
NETWORK = {"architecture": "MobileNetV2", "description": "17 convolutional blocks"}
DATASET = {
    "name": "Chest X-ray images (pneumonia) from Labeled OCT and Chest X-Ray Images for Classification",
    "source": "Kermany, Zhang, Goldbaum 2018, Mendeley Data, doi:10.17632/rscbjbr9sj.2",
    "licence": "CC BY 4.0",
}


@dataclasses.dataclass(frozen=True)
class Rationales:
    """Explanations of how values were selected, for values that do not carry their own rationale.

    Attributes:
        calibration: Rationale of `Release.calibration`.
        map_scale: Rationale of `Release.map_scale`.
    """

    calibration: str
    map_scale: str


def candidate_description(
    release: Release,
    rationales: Rationales,
    reliability: ReliabilityLimits | None,
    admission: FittedAdmission,
    settings: Mapping[str, Any],
    split: Split,
) -> dict[str, Any]:
    """Return the content of model.json (see `model.inference.release_schema.ReleaseDescription`).

    Args:
        release: Release in memory, with all values selected.
        rationales: How the calibration and the map scale were selected.
        reliability: Limits of the heat-map checks; None if the release has none.
        admission: Admission classifier, and how it was fitted.
        settings: Settings of the run.
        split: Images in each split.
    """
    n_images: dict[str, int] = {name: len(split.part(name)) for name in SPLITS}
    n_patients: dict[str, int] = {name: len({record.patient for record in split.part(name)}) for name in SPLITS}
    admission_limit = (
        statements.ADMISSION_LIMIT_WITH_REAL_IMAGES if admission.uses_real_images else statements.ADMISSION_LIMIT
    )
    description = {
        "format": FORMAT,
        "name": NAME,
        "version": release.version,
        **_network_entries(release),
        "calibration": dataclasses.asdict(release.calibration) | {"rationale": rationales.calibration},
        "operating_points": [dataclasses.asdict(point) for point in release.operating_points],
        "conformal": dataclasses.asdict(release.conformal),
        "map_scale": {"value": release.map_scale, "rationale": rationales.map_scale},
        "training": dict(settings),
        "dataset": DATASET | {"images": n_images, "patients": n_patients},
        "lungs": {"side": release.lungs.side},
        "admission": admission.classifier.limits() | {"rationale": admission.rationale},
        "intended_use": statements.INTENDED_USE,
        "population": statements.POPULATION,
        "population_years": list(statements.POPULATION_YEARS),
        "limits": [*statements.LIMITS, admission_limit],
        "ethics": list(statements.ETHICS),
    }
    if reliability:
        description["heat_map_reliability"] = dataclasses.asdict(reliability)
    return description


def _network_entries(release: Release) -> dict[str, Any]:
    """Return the entries of model.json about the pneumonia network, its input and its outputs."""
    return {
        "input": {
            "height": release.side,
            "width": release.side,
            "channels": 1,
            "dtype": "float32",
            "value_range": [0, 255],
            "resize": RESIZE_METHOD,
        },
        "outputs": {name: list(shape) for name, shape in release.outputs.items()},
        "input_region": dataclasses.asdict(release.input_region),
        "network": NETWORK,
        "labels": list(LABELS),
        "training_prevalence": release.training_prevalence,
        "default_operating_point": release.default_operating_point,
    }
