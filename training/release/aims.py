"""Aims of a release: what it should reach, what it must reach, and what was measured.

An aim is judged by the measured value, without its interval. Nothing is chosen with these figures; most come from test
splits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from model.codes import Label, Population, SplitName
from model.inference.release_schema import ReleaseDescription
from model.performance.formatting import format_estimate
from model.performance.population import metrics_of_population
from model.performance.schema import Estimate, ReleaseMetrics

NOT_MEASURED = "not measured"
TEST, VALIDATION = SplitName.TEST, SplitName.VALIDATION
CHILDREN, ADULTS = Population.CHILDREN, Population.ADULTS
OTHER_HOSPITAL_VIEWS = ("AP", "PA")


@dataclass(frozen=True)
class Figures:
    """Everything that is known about a release: the contents of its metrics.json and model.json.

    `metrics` has the structure `model.performance.schema.ReleaseMetrics`, but any part of it may be missing.
    """

    metrics: Any
    description: ReleaseDescription


Measure = Callable[[Figures], Any]  # returns an estimate, a number, or None; KeyError and TypeError mean None


@dataclass(frozen=True)
class Aim:
    """One measurement with its aim.

    Attributes:
        name: What is measured, and on which images.
        aim: Value that the release should reach.
        floor: Value that the release must reach.
        measure: Finds the measurement in the files of a release.
        is_upper: Whether lower values are better, so that aim and floor are upper limits.
    """

    name: str
    aim: float
    floor: float
    measure: Measure
    is_upper: bool = False

    def row(self, figures: Figures) -> dict[str, str]:
        """Return the row of the table."""
        relation = "at most" if self.is_upper else "at least"
        measured = self._measured(figures)
        value = measured["value"] if isinstance(measured, dict) else measured
        return {
            "Measurement": self.name,
            "Aim": f"{relation} {self.aim:.3f}",
            "Floor": f"{relation} {self.floor:.3f}",
            "Measured": NOT_MEASURED if value is None else _text(measured),
            "Result": NOT_MEASURED if value is None else self.result(value),
        }

    def result(self, value: float) -> str:
        """Return whether a value reaches the aim ("met"), only the floor ("floor met") or neither ("missed")."""
        if self._reaches(value, self.aim):
            return "met"
        return "floor met" if self._reaches(value, self.floor) else "missed"

    def _reaches(self, value: float, limit: float) -> bool:
        return value <= limit if self.is_upper else value >= limit

    def _measured(self, figures: Figures) -> Any:
        try:
            return self.measure(figures)
        except (KeyError, TypeError):  # the release lacks this part, or has null in its place
            return None


def aims_table(metrics: ReleaseMetrics, description: ReleaseDescription) -> list[dict[str, str]]:
    """Return a row for each aim, with the measurement of this release."""
    figures = Figures(metrics, description)
    return [aim.row(figures) for aim in AIMS]


def _text(measured: Any) -> str:
    return format_estimate(cast(Estimate, measured)) if isinstance(measured, dict) else f"{measured:.3f}"


def _of_population(figures: Figures, population: Population) -> Any:
    return metrics_of_population(figures.metrics, population)


def _rate(name: str) -> Measure:
    """Return the measure of a rate of the children's test split at the default operating point."""
    return lambda figures: figures.metrics["splits"][TEST]["operating_points"][
        figures.metrics["operating_point"]["name"]
    ][name]


def _auc(population: Population) -> Measure:
    return lambda figures: _of_population(figures, population)["splits"][TEST]["auc"]


def _change_when_stored_differently(name: str) -> Measure:
    """Return the measure of the largest change of a rate of the children's test split under its perturbations."""

    def change(figures: Figures) -> float:
        measured = figures.metrics["stress_test"]
        reference = measured["unperturbed"][name]
        return float(max(abs(rates[name] - reference) for rates in measured["shifts"].values()))

    return change


def _external_auc(view: str) -> Measure:
    return lambda figures: figures.metrics["adults"]["groups"]["view"][view]["auc"]


def _external_refused(view: str) -> Measure:
    return lambda figures: figures.metrics["adults"]["groups"]["view"][view]["refused"]


def _tone(population: Population) -> Measure:
    return lambda figures: _of_population(figures, population)["tone"]["verdicts_changed"]


def _calibration_error(population: Population) -> Measure:
    def error(figures: Figures) -> Any:
        calibration = _of_population(figures, population)["splits"][TEST]["calibration"]
        return calibration["prevalence_adjusted"]["ece"]

    return error


def _coverage_gap(population: Population, label: Label) -> Measure:
    """Return the measure of the distance between the coverage of a class in the test split and its target."""

    def gap(figures: Figures) -> float:
        target = figures.description["populations"][population]["conformal"]["coverage"]
        conformal = _of_population(figures, population)["splits"][TEST]["conformal"]
        return abs(float(conformal["coverage"][label]["value"]) - target)

    return gap


def _evidence_in_lungs(figures: Figures) -> Any:
    """Return the share of the map that is shown first: the opacity map, or else the class-activation map."""
    shares = figures.metrics["drawn_lungs"]
    return shares.get("opacity_map", shares["class_activation_map"])


def _flips(figures: Figures) -> float:
    copies = figures.metrics["shortcut_audit"]["scaled_copies"]
    return float(copies["224"]["verdicts_changed"] / copies["n"])


def _not_measured_here(_figures: Figures) -> None:
    """Return nothing: no file of a release has this measurement."""


AIMS = (
    Aim("Children, official test split: AUC", 0.990, 0.985, _auc(CHILDREN)),
    Aim("Children, official test split: accuracy, balanced", 0.96, 0.945, _rate("accuracy")),
    Aim("Children, official test split: sensitivity, balanced", 0.97, 0.97, _rate("sensitivity")),
    Aim("Children, official test split: specificity, balanced", 0.92, 0.88, _rate("specificity")),
    Aim(
        "The same images scaled, sharpened or compressed: largest change of the AUC",
        0.003,
        0.006,
        _change_when_stored_differently("auc"),
        is_upper=True,
    ),
    Aim(
        "The same images scaled, sharpened or compressed: largest change of the specificity",
        0.02,
        0.04,
        _change_when_stored_differently("specificity"),
        is_upper=True,
    ),
    Aim(
        "Children, validation: lowest AUC under perturbations",
        0.993,
        0.990,
        lambda figures: figures.metrics["stress_validation"]["worst_auc"],
    ),
    Aim("Adults, test split: AUC", 0.90, 0.87, _auc(ADULTS)),
    Aim(
        "Adults, test split: AUC of typical appearance against negative",
        0.94,
        0.91,
        lambda figures: figures.metrics["populations"][ADULTS]["typical"][TEST]["auc"],
    ),
    *(
        Aim(f"Adults of another hospital, {view} view: AUC", 0.80, 0.75, _external_auc(view))
        for view in OTHER_HOSPITAL_VIEWS
    ),
    Aim(
        "Children, official test split: refused",
        0.01,
        0.01,
        lambda figures: figures.metrics["admission"]["test"]["refused"],
        is_upper=True,
    ),
    Aim(
        "Adults, test split: refused",
        0.02,
        0.02,
        lambda figures: figures.metrics["populations"][ADULTS]["admission"][TEST]["refused"],
        is_upper=True,
    ),
    *(
        Aim(f"Adults of another hospital, {view} view: refused", 0.03, 0.03, _external_refused(view), is_upper=True)
        for view in OTHER_HOSPITAL_VIEWS
    ),
    Aim(
        "Adults, test split: hottest point of the opacity map inside a box",
        0.85,
        0.78,
        lambda figures: figures.metrics["opacity_maps"][ADULTS]["boxes"]["pointing"],
    ),
    Aim("Children, validation: share of the map's evidence inside drawn lungs", 0.92, 0.85, _evidence_in_lungs),
    *(
        Aim(f"{name}, validation: verdicts that change with the tone", 0.01, 0.02, _tone(population), is_upper=True)
        for name, population in (("Children", CHILDREN), ("Adults", ADULTS))
    ),
    Aim(
        "Original size against 224 pixels: mean change of the probability",
        0.02,
        0.03,
        lambda figures: figures.metrics["shortcut_audit"]["scaled_copies"]["224"]["mean_change"],
        is_upper=True,
    ),
    Aim("Original size against 224 pixels: verdicts that change", 0.01, 0.02, _flips, is_upper=True),
    *(
        Aim(
            f"{name}: calibration error (ECE) at the prevalence of the split",
            0.03,
            0.05,
            _calibration_error(population),
            is_upper=True,
        )
        for name, population in (("Children, official test split", CHILDREN), ("Adults, test split", ADULTS))
    ),
    *(
        Aim(
            f"{name}: distance of the conformal coverage from its target, {label}",
            0.02,
            0.04,
            _coverage_gap(population, label),
            is_upper=True,
        )
        for name, population in (("Children, official test split", CHILDREN), ("Adults, test split", ADULTS))
        for label in Label
    ),
    Aim(
        "Images that are no frontal chest radiograph: read",
        0.005,
        0.01,
        lambda figures: figures.metrics["admission"]["not_chest"]["accepted"],
        is_upper=True,
    ),
    Aim("Reading time, compared with the previous network", 1.3, 1.8, _not_measured_here, is_upper=True),
)
