"""Content of a candidate's model.json, built from the fitted and selected objects."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dataset.split import Split
from model.codes import LABELS, Population
from model.explanation.reliability import ReliabilityLimits
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.decision import DecisionRules
from model.inference.release_loader import FORMAT, Release
from training.admission.fit import FittedAdmission
from training.release import statements

NAME = "Chest X-ray reader"
NETWORK = {"architecture": "MobileNetV2", "description": "17 convolutional blocks"}
DATASETS = {
    Population.CHILDREN: {
        "name": "Chest X-ray images (pneumonia) from Labeled OCT and Chest X-Ray Images for Classification",
        "source": "Kermany, Zhang, Goldbaum 2018, Mendeley Data, doi:10.17632/rscbjbr9sj.2",
        "licence": "CC BY 4.0",
    },
    Population.ADULTS: {
        "name": "SIIM-FISABIO-RSNA COVID-19 Detection 2021",
        "source": "SIIM-FISABIO-RSNA 2021, with images of BIMCV-COVID19 and MIDRC-RICORD",
        "licence": "CC BY-NC 4.0, research and non-commercial use only",
    },
}
YEARS = {Population.CHILDREN: (1, 5), Population.ADULTS: (18, 120)}  # youngest and oldest age, inclusive


@dataclasses.dataclass(frozen=True)
class Rationales:
    """Explanations of how values were selected, for values that do not carry their own rationale.

    Attributes:
        calibration: Rationale of `DecisionRules.calibration`, by population.
        map_scale: Rationale of `Release.map_scale`.
        opacity_contour: Rationale of `Release.opacity_contour`; None if the release has no opacity map.
    """

    calibration: Mapping[Population, str]
    map_scale: str
    opacity_contour: str | None = None


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
        rationales: How the calibrations and the map scale were selected.
        reliability: Limits of the heat-map checks; None if the release has none.
        admission: Admission classifier, and how it was fitted.
        settings: Settings of the run.
        split: Images in each split, of each population.
    """
    description = {
        "format": FORMAT,
        "name": NAME,
        "version": release.version,
        **_network_entries(release),
        "populations": {
            population: _population_entry(population, rules, rationales.calibration[population], split)
            for population, rules in release.populations.items()
        },
        "map_scale": {"value": release.map_scale, "rationale": rationales.map_scale},
        "training": dict(settings),
        "lungs": {"side": release.lungs.side},
        "admission": admission.classifier.limits() | {"rationale": admission.rationale},
        "intended_use": statements.intended_use(release.populations),
        "limits": statements.limits(release.populations, admission.uses_real_images),
        "ethics": statements.ethics(release.populations),
    }
    if release.opacity_contour is not None:
        description["opacity_map"] = {"contour": release.opacity_contour, "rationale": rationales.opacity_contour}
    if reliability:
        entries = dataclasses.asdict(reliability).items()
        description["heat_map_reliability"] = {name: value for name, value in entries if value is not None}
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
        "default_operating_point": release.populations[Population.CHILDREN].default_operating_point,
    }


def _population_entry(
    population: Population, rules: DecisionRules, calibration_rationale: str, split: Split
) -> dict[str, Any]:
    """Return the entry of a population in model.json."""
    parts = split.of_population(population).parts()
    dataset = DATASETS[population] | {
        "images": {name: len(records) for name, records in parts.items()},
        "patients": {name: len({record.patient for record in records}) for name, records in parts.items()},
    }
    return {
        "description": statements.POPULATIONS[population],
        "years": list(rules.years),
        "dataset": dataset,
        "training_prevalence": rules.training_prevalence,
        "calibration": dataclasses.asdict(rules.calibration) | {"rationale": calibration_rationale},
        "operating_points": [dataclasses.asdict(point) for point in rules.operating_points],
        "conformal": dataclasses.asdict(rules.conformal),
    }
