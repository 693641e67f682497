"""The admission check is fitted by `package`, evaluated by `evaluate` and published by `release`."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import training.admission.fit
import training.admission.limits
from dataset.images import decode_image
from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier
from model.admission.features import ImageMeasures, extract_features, image_measures
from model.admission.gate import AdmissionGate
from model.codes import POPULATIONS, Population, SplitName
from model.inference.classifier import Classifier, load_model
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.admission import admitted_table, inadmissible_table
from model.release_files import ReleaseFile
from training.admission.fit import (
    FOLDS,
    _fit_network,
    _out_of_fold_probability,
    fit_admission,
)
from training.admission.fitting_features import FeatureCollector
from training.admission.limits import LUNG_TOLERANCE, RefusalRates, fit_limits, highest_threshold, limit_refusals
from training.admission.not_chest import load_not_chest
from training.data.loading import read_radiograph
from training.evaluation.admission_rates import UNMEASURED_FAMILIES, admission_rates
from training.release.candidate import CANDIDATE
from training.release.markdown import markdown_table
from training.release.statements import ADMISSION_LIMIT_WITH_REAL_IMAGES

pytestmark = pytest.mark.slow

N_FEATURES = 12


@pytest.fixture(scope="module")
def rates(measured_run) -> dict:
    return json.loads((measured_run / CANDIDATE / ReleaseFile.METRICS).read_text())["admission"]


def test_a_release_has_the_admission_classifier_that_was_packaged(packaged_run, published):
    packaged, released = load_release(packaged_run / CANDIDATE), load_release(published)
    assert released.checksums[ReleaseFile.ADMISSION] == packaged.checksums[ReleaseFile.ADMISSION]
    assert released.description["admission"] == packaged.description["admission"]


def test_rates_cover_all_images_of_each_split_and_all_families(rates, split):
    assert rates[SplitName.VALIDATION]["refused"]["n"] == rates["shifted"]["cautioned"]["n"] == len(split.validation)
    assert rates["mirrored"]["n"] == len(split.validation)
    assert rates[SplitName.TEST]["refused"]["n"] == len(split.test)
    assert rates["adults"] is None
    assert rates["populations"]["children"] == {
        name: rates[name] for name in (SplitName.VALIDATION, "shifted", SplitName.TEST)
    }
    assert rates["not_chest"]["accepted"]["n"] == 4  # half of the images
    assert rates["negatives"]["radiographs of hands"]["accepted"]["n"] == 2
    assert rates["negatives"]["lateral chest radiographs"]["accepted"]["n"] == 2
    assert rates["negatives"]["upside down"]["accepted"]["n"] == 8
    assert rates["negatives"]["photographs"]["accepted"]["n"] == 2
    assert rates["negatives"]["upside down"]["corrected"]["n"] == 8
    assert rates["negatives"]["photographs"]["corrected"] is None


def test_families_that_were_not_measured_have_n_0(rates):
    for family in set(UNMEASURED_FAMILIES) - {"lateral chest radiographs"}:
        assert rates["negatives"][family]["accepted"] == {"n": 0, "value": None, "low": None, "high": None}


def test_the_card_has_the_rates(published, rates):
    card = (published / ReleaseFile.CARD).read_text()
    assert markdown_table(admitted_table(rates)) in card
    assert markdown_table(inadmissible_table(rates)) in card


@pytest.mark.usefixtures("small_samples")
def test_fitting_again_gives_the_same_admission_classifier(published, split, not_chest_set):
    release = load_release(published)
    not_chest = load_not_chest(not_chest_set).fitting
    again = fit_admission(Classifier(release), SimilarCaseIndex.from_release(release), split, not_chest).classifier
    first = AdmissionClassifier.from_release(release)
    for name, array in (first.to_arrays() | first.limits()).items():
        fitted_again = (again.to_arrays() | again.limits())[name]
        np.testing.assert_allclose(fitted_again, array, rtol=1e-2, atol=1e-2, err_msg=name)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_the_refusal_rate_on_validation_is_bounded_for_each_population(published, split, monkeypatch, share):
    rates = dict.fromkeys(POPULATIONS, RefusalRates(0, 1)) | {Population.ADULTS: RefusalRates(0, share)}
    monkeypatch.setattr(training.admission.limits, "REFUSAL_RATES", rates)
    classifier = load_model(published)
    adults = [replace(record, population=Population.ADULTS) for record in split.validation[::2]]
    records = [*adults, *split.validation[1::2]]
    fitted = AdmissionClassifier.from_release(classifier.release)
    refusing_all = replace(
        fitted,
        min_admissible_probability=np.float32(1),
        min_second_lung_area=np.float32(-1),
        min_lung_distance=np.float32(-1),
        max_lung_offset=np.float32(2),
    )

    def count_refused(admission_classifier: AdmissionClassifier) -> int:
        inferences = [classifier.infer(read_radiograph(record)) for record in adults]
        features = [extract_features(inference, image_measures(inference)) for inference in inferences]
        probabilities = [admission_classifier.network.probability(row) for row in features]
        return sum(not admission_classifier.is_admissible(probability) for probability in probabilities)

    limited = limit_refusals(refusing_all, classifier, records, decode_image)
    assert count_refused(limited) <= share * len(adults)
    lenient = replace(refusing_all, min_admissible_probability=np.float32(0))
    assert limit_refusals(lenient, classifier, records, decode_image).min_admissible_probability == 0


@given(
    st.lists(st.just(-np.inf) | st.floats(0, 1, width=32), min_size=1, max_size=60), st.sampled_from([0, 0.01, 0.3, 1])
)
def test_thehighest_threshold_refuses_no_more_than_the_share_unless_they_are_refused_anyway(probabilities, share):
    threshold = highest_threshold(probabilities, share)
    refused_anyway = sum(np.isinf(probabilities))
    refused = sum(probability < threshold for probability in probabilities)
    assert 0 <= threshold <= 1
    assert refused <= max(int(share * len(probabilities)), refused_anyway)


@pytest.mark.usefixtures("small_samples")
def test_adult_images_are_measured_if_given(published, tiny_set, split, tmp_path):
    images = sorted((tiny_set / "test" / "NORMAL").iterdir())[:3]
    for image in images:
        (tmp_path / image.name).write_bytes(image.read_bytes())
    lines = [f"{image.name},NORMAL,{number},40,F,PA" for number, image in enumerate(images)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,patient,age_years,sex,view", *lines]))
    measured = admission_rates(AdmissionGate.from_classifier(load_model(published)), split, tmp_path)
    assert measured["adults"]["refused"]["n"] == 3
    assert measured["not_chest"] is None


@pytest.mark.usefixtures("small_samples")
def test_without_real_images_the_description_says_so(published, split):
    release = load_release(published)
    fitted = fit_admission(Classifier(release), SimilarCaseIndex.from_release(release), split)
    assert not fitted.uses_real_images
    assert "sample images only" in fitted.rationale
    assert "4 real images" in release.description["admission"]["rationale"]
    assert release.description["limits"][-1] == ADMISSION_LIMIT_WITH_REAL_IMAGES


# --- the network and its threshold, on synthetic features


def collect(rng: np.random.Generator, count: int = 40) -> FeatureCollector:
    """Return features in one cluster per class, with two images of each source."""
    collected = FeatureCollector()
    for number, class_name in enumerate(ADMISSION_CLASSES):
        for index in range(count):
            features = rng.normal(0, 0.3, N_FEATURES)
            features[number] += 3
            collected.features.append(features.astype(np.float16))
            collected.classes.append(str(class_name))
            collected.sources.append(f"{class_name} {index // 2}")
            collected.is_original.append(class_name == ADMISSIBLE)
    collected.populations += [Population.CHILDREN] * count
    return collected


def test_the_network_separates_separable_classes():
    collected = collect(np.random.default_rng(0), 200)
    features, classes = np.stack(collected.features).astype(np.float32), np.array(collected.classes)
    probability = _fit_network(features, classes).probability(features)
    assert probability.shape == (len(features), len(ADMISSION_CLASSES))
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    assert [str(ADMISSION_CLASSES[n]) for n in probability.argmax(axis=1)] == collected.classes


def test_the_threshold_comes_from_networks_fitted_without_the_patient(monkeypatch):
    collected, fitted_sources = collect(np.random.default_rng(0)), []
    features = np.stack(collected.features).astype(np.float32)
    source_of = dict(zip((row.tobytes() for row in features), collected.sources, strict=True))

    def sources(rows: np.ndarray) -> set[str]:
        return {source_of[row.tobytes()] for row in rows}

    class Spy:
        def __init__(self, features, classes):  # noqa: ARG002
            self.sources = sources(features)
            fitted_sources.append(self.sources)

        def probability(self, features):
            assert not self.sources & sources(features)
            return np.tile(np.linspace(0.5, 0, len(ADMISSION_CLASSES)), (len(features), 1))

    monkeypatch.setattr(training.admission.fit, "_fit_network", Spy)
    probability = _out_of_fold_probability(features, np.array(collected.classes), collected)
    assert len(fitted_sources) == FOLDS
    assert set.union(*fitted_sources) == set(collected.sources)
    np.testing.assert_array_equal(probability, np.full(40, 0.5))  # only of the original radiographs


@given(st.permutations([0.1, 0.2, 0.3]), st.permutations([0.4, 0.5, 0.6]))
def test_each_limit_is_that_of_the_more_lenient_population(children, adults):
    collected = FeatureCollector()
    for population, values in ((Population.CHILDREN, children), (Population.ADULTS, adults)):
        for value in values:
            collected.populations.append(population)
            collected.measures.append(ImageMeasures((), 0, 0, *[value] * 5, segmentation_uncertainty=0))
            collected.asymmetries.append(np.array([value], np.float32))
            collected.neighbour_distances.append(value)
    limits = fit_limits(collected, np.array([*adults, *children]), np.ones(1, np.float32))
    assert limits["min_second_lung_area"] == pytest.approx(0.1 * (1 - LUNG_TOLERANCE), abs=0.01)
    assert limits["max_lung_offset"] == pytest.approx(0.6 * (1 + LUNG_TOLERANCE), abs=0.01)
    assert limits["min_admissible_probability"] == pytest.approx(0.1, abs=0.01)  # of the adults
    assert limits["max_mirror_score"] == pytest.approx(0.6, abs=0.01)
    assert {limit.dtype for limit in limits.values()} == {np.dtype(np.float32)}
