"""Metrics and data of the populations of a release: children and adults. Populations are never pooled."""

from typing import TypeAlias

from model.codes import Population, SplitName
from model.inference.release_schema import DatasetDescription, ReleaseDescription
from model.performance.formatting import format_estimate, set_name
from model.performance.schema import PopulationMetrics, ReleaseMetrics
from model.translation import N_
from model.translation import gettext as _

MeasuredPopulation: TypeAlias = ReleaseMetrics | PopulationMetrics  # both have the default operating point and splits

_NAMES = {Population.CHILDREN: N_("Children"), Population.ADULTS: N_("Adults")}


def metrics_of_population(metrics: ReleaseMetrics, population: Population) -> MeasuredPopulation:
    """Return the part of metrics.json about a population; that of children is metrics.json itself.

    Raises:
        KeyError: The population was not measured.
    """
    return metrics if population is Population.CHILDREN else metrics["populations"][population]


def population_name(population: Population) -> str:
    """Return the name of a population, for controls and headings."""
    return _(_NAMES[population])


def refusal_table(measured: PopulationMetrics) -> list[dict[str, str]]:
    """Tabulate how often the admission check refuses images of adults, with a row per split, the test split first."""
    return [
        {
            _("Images"): set_name(name, Population.ADULTS),
            _("Refused"): format_estimate(rates["refused"]),
            _("Read with a caution"): format_estimate(rates["cautioned"]),
            _("n"): str(rates["refused"]["n"]),
        }
        for name, rates in sorted(measured["admission"].items())
    ]


def population_table(description: ReleaseDescription) -> list[dict[str, str]]:
    """Tabulate the populations that a release was trained on: data set, licence, and numbers of images and patients."""
    return [
        {
            _("Population"): population_name(Population(name)),
            _("Data set"): entry["dataset"]["source"],
            _("Licence"): entry["dataset"]["licence"],
            _("Training images"): _images_of_patients(entry["dataset"], SplitName.TRAINING),
            _("Validation images"): _images_of_patients(entry["dataset"], SplitName.VALIDATION),
            _("Test images"): _images_of_patients(entry["dataset"], SplitName.TEST),
        }
        for name, entry in description["populations"].items()
    ]


def _images_of_patients(dataset: DatasetDescription, split: SplitName) -> str:
    return _("{images} of {patients} patients").format(
        images=f"{dataset['images'][split]:,}", patients=f"{dataset['patients'][split]:,}"
    )
