"""A run on children and adults: each population has its own rules, metrics and texts, and nothing is pooled."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from dataset.adults import load_adult_index
from dataset.split import split_for_training
from model.codes import LABELS, POPULATIONS, Population, SplitName
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.release_data import load_release_data, predictions_of
from model.release_files import ReleaseFile
from tests.support.training import FEW_PERTURBATIONS
from training.calibration.platt import fit_calibration
from training.data.loading import network_inputs
from training.evaluation.population_metrics import ranking_of_typical
from training.evaluation.robustness import framings
from training.evaluation.split_metrics import APPEARANCES, split_metrics
from training.evaluation.split_openings import count_openings
from training.evaluation.tone import tone_changes

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_samples")]

CHILDREN, ADULTS = Population
MEASURED = (SplitName.VALIDATION, SplitName.TEST)


@pytest.fixture(scope="module")
def mixed_candidate(mixed_run):
    return load_release(mixed_run / "candidate")


@pytest.fixture(scope="module")
def mixed_metrics(mixed_candidate) -> dict:
    return json.loads((mixed_candidate.directory / ReleaseFile.METRICS).read_text())


@pytest.fixture(scope="module")
def adults(mixed_candidate) -> pd.DataFrame:
    """Predictions of adults."""
    return load_release_data_of(mixed_candidate.directory, ADULTS)


@pytest.fixture(scope="module")
def adult_split(adult_set):
    return split_for_training(load_adult_index(adult_set))


def load_release_data_of(directory, population) -> pd.DataFrame:
    predictions = pd.read_csv(directory / ReleaseFile.PREDICTIONS)
    return predictions[predictions["population"] == population]


def test_the_rules_of_each_population_come_from_its_own_validation_images(mixed_candidate, packaged_run, adult_split):
    children_alone = load_release(packaged_run / "candidate")
    rules = mixed_candidate.populations[ADULTS]
    classifier = Classifier(mixed_candidate)
    inputs = network_inputs(classifier, adult_split.validation)
    logits = np.array([classifier.run_network(image[np.newaxis]).logit for image in inputs])
    target = np.array([record.target for record in adult_split.validation])

    assert mixed_candidate.populations[CHILDREN] == children_alone.populations[CHILDREN]
    expected = fit_calibration(logits, target)
    assert (rules.calibration.slope, rules.calibration.intercept) == pytest.approx(
        (expected.slope, expected.intercept), rel=1e-6
    )
    assert rules.training_prevalence == np.mean([record.target for record in adult_split.training])
    images = f"{len(target)} validation images and {len(FEW_PERTURBATIONS) + len(framings())} perturbed copies of each"
    assert all(images in chosen.rationale for chosen in (*rules.operating_points, rules.conformal))


def test_no_image_of_an_adult_becomes_part_of_a_release(mixed_candidate, split):
    files = SimilarCaseIndex.from_release(mixed_candidate).files.tolist()

    assert files == [record.path.name for record in split.training]
    images = mixed_candidate.description["populations"][CHILDREN]["dataset"]["images"]
    audit = json.loads(mixed_candidate.read_file(ReleaseFile.DATASET_AUDIT))
    assert audit["images"] == sum(images.values())


def test_adults_are_measured_by_their_rules_on_validation_and_test(mixed_candidate, mixed_metrics, adults):
    rules, measured = mixed_candidate.populations[ADULTS], mixed_metrics["populations"][ADULTS]

    assert measured["operating_point"]["threshold"] == rules.operating_point().threshold
    assert set(adults["split"]) == set(MEASURED)
    for name in MEASURED:
        rows = adults[adults["split"] == name]
        assert measured["splits"][name] == split_metrics(rows, rules, APPEARANCES)
        assert measured["typical"][name] == ranking_of_typical(rows)
        assert measured["admission"][name]["refused"]["n"] == len(rows)
    assert measured["tone"]["changes"].keys() == tone_changes().keys()
    assert "tone" in mixed_metrics  # of children


def test_opacity_maps_are_measured_on_the_test_images_of_each_population(mixed_metrics, adult_split):
    measured = mixed_metrics["opacity_maps"]

    assert measured.keys() == set(POPULATIONS)
    n_boxes = sum(bool(record.opacities) for record in adult_split.test)
    assert measured[ADULTS]["boxes"]["pointing"]["n"] == n_boxes > 0
    assert measured[CHILDREN]["boxes"] is None


def test_the_metrics_of_children_are_those_of_a_release_for_children_alone(mixed_metrics, metrics):
    for key in ("operating_point", "stress_validation", "stress_test", "tone"):
        assert mixed_metrics[key] == metrics[key]
    assert mixed_metrics["splits"] == {name: metrics["splits"][name] for name in MEASURED}
    assert "populations" not in metrics


def test_ranking_of_the_typical_appearance_leaves_out_other_appearances():
    rows = pd.DataFrame(
        [
            (LABELS[0], "Negative for Pneumonia", 0.4, "a"),
            (LABELS[1], "Typical Appearance", 0.6, "b"),
            (LABELS[1], "Atypical Appearance", 0.1, "c"),
        ],
        columns=["label", "cause", "probability", "patient"],
    )
    ranking = ranking_of_typical(rows)
    assert (ranking["n"], ranking["positives"], ranking["auc"]["value"]) == (2, 1, 1)


def test_each_opening_of_a_test_split_is_logged_with_its_population(mixed_run, mixed_metrics):
    log = mixed_run.with_name("TEST_LOG.csv")

    assert {population: count_openings(log, population) for population in POPULATIONS} == dict.fromkeys(POPULATIONS, 1)
    with log.open(newline="") as file:
        rows = {row["population"]: row for row in csv.DictReader(file)}
    test = mixed_metrics["populations"][ADULTS]["splits"][SplitName.TEST]
    assert (rows[ADULTS]["n"], float(rows[ADULTS]["auc"])) == (str(test["n"]), test["auc"]["value"])


def test_a_release_keeps_predictions_and_curves_of_each_population_apart(mixed_release, mixed_candidate):
    release = load_release(mixed_release)
    of_children, of_adults = (load_release_data(release, population) for population in POPULATIONS)

    for data, population in ((of_children, CHILDREN), (of_adults, ADULTS)):
        rows = load_release_data_of(mixed_candidate.directory, population)
        test = predictions_of(rows[rows["split"] == SplitName.TEST])
        assert data.test_predictions.probability.tolist() == test.probability.tolist()
        assert np.trapezoid(data.roc["sensitivity"], data.roc["false_alarm_rate"]) > 0
    assert set(of_children.predictions["file"]).isdisjoint(of_adults.predictions["file"])


def test_a_release_for_adults_states_its_data_and_that_use_is_not_commercial(mixed_release, published):
    description = load_release(mixed_release).description
    card, licence = ((mixed_release / name).read_text() for name in (ReleaseFile.CARD, ReleaseFile.LICENCE))

    for text in (description["licence"], " ".join(card.split()), " ".join(licence.split())):
        assert "research and non-commercial use only" in text
        assert "BIMCV-COVID19 and MIDRC-RICORD, CC BY-NC 4.0" in text
    assert "chosen on the validation images of adults alone" in " ".join(card.split())
    assert description["populations"][ADULTS]["test_split_opened"] == 1
    assert description["populations"][ADULTS]["metrics"].keys() == set(MEASURED)
    alone = load_release(published).description
    assert "non-commercial" not in alone["licence"]
    assert "CC BY 4.0" in alone["licence"]
    assert "CC BY 4.0" in (published / ReleaseFile.LICENCE).read_text()
    assert alone["intended_use"] != description["intended_use"]
