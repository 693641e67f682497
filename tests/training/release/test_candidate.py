"""The candidate: what is fitted and selected, and on which images."""

import dataclasses
import json

import numpy as np
import pytest

import training.release.candidate
from dataset.explorer.mean_radiographs import load_mean_radiographs
from dataset.quality.audit import audit_dataset
from dataset.quality.features import scan_images
from model.codes import SPLITS, HeatMapWarning, SplitName
from model.errors import TrainingError
from model.imaging.intensity import Intensity
from model.inference.classifier import Classifier
from model.inference.input_region import InputRegion, RegionKind
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.binary_metrics import Predictions
from model.performance.release_data import predictions_of
from model.release_files import ReleaseFile
from model.storage import write_json
from tests.support.candidates import exactly
from tests.support.populations import children_rules
from tests.support.training import FEW_PERTURBATIONS, SIZE, reduce_sample_sizes
from training.calibration.conformal import fit_conformal_limits
from training.calibration.operating_points import BALANCED, RULE_IN, RULE_OUT, select_operating_points
from training.calibration.platt import fit_calibration
from training.cli import main
from training.config import CONFIG_FILE, ClassifierConfig, Sources
from training.data.loading import network_inputs
from training.evaluate import rows_of_split
from training.evaluation.robustness import framings, logits_under_perturbation
from training.fitting.classifier import load_split
from training.release.candidate import CANDIDATE, assemble_candidate
from training.release.publish import MEASURED_FILES
from training.release.trained_networks import TrainedNetworks
from training.release.validation_selection import MAP_QUANTILE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_samples")]


def test_an_unfinished_run_gives_no_candidate(own_run):
    (own_run / ReleaseFile.CLASSIFIER_KERAS).unlink()

    message = (
        f"{own_run} contains no finished training run. Finish it with `python -m training fit-classifier --run "
        f"{own_run}`."
    )
    with pytest.raises(TrainingError, match=exactly(message)):
        TrainedNetworks.from_run(own_run)


def test_a_candidate_reads_images_as_the_run_was_trained(own_run):
    config = dataclasses.replace(
        ClassifierConfig.load(own_run / CONFIG_FILE), margin=0.07, intensity=Intensity.RANGE_AND_MEDIAN
    )
    config.save(own_run / CONFIG_FILE)

    region = TrainedNetworks.from_run(own_run).input_region

    assert region == InputRegion(RegionKind.LUNG_BOX, 0.07, Intensity.RANGE_AND_MEDIAN)


def test_calibration_points_limits_and_map_scale_come_only_from_validation(candidate, predictions, split):
    validation = predictions_of(rows_of_split(predictions, SplitName.VALIDATION))
    classifier = Classifier(candidate)
    outputs = [classifier.run_network(image[np.newaxis]) for image in network_inputs(classifier, split.validation)]
    evidence = np.concatenate([output.class_activation_map.ravel() for output in outputs])

    logits = np.array([output.logit for output in outputs])
    rules = children_rules(candidate)
    calibration = fit_calibration(logits, validation.target)
    assert dataclasses.astuple(rules.calibration) == pytest.approx(dataclasses.astuple(calibration), rel=1e-6)
    assert candidate.map_scale == pytest.approx(np.quantile(evidence[evidence > 0], MAP_QUANTILE))
    perturbed = logits_under_perturbation(classifier, split.validation)
    n_copies = 1 + len(FEW_PERTURBATIONS) + len(framings())
    pooled = Predictions(
        np.tile(validation.target, n_copies),
        rules.calibration.probability(np.concatenate([logits, *perturbed.values()])),
        np.tile(validation.patient, n_copies),
    )
    images = "20 validation images and 5 perturbed copies of each"
    points = select_operating_points(validation, pooled, images)
    chosen = rules.operating_points
    assert [(p.name, p.rationale) for p in chosen] == [(p.name, p.rationale) for p in points]
    assert [p.threshold for p in chosen] == pytest.approx([p.threshold for p in points], rel=1e-9)
    limits = dataclasses.asdict(fit_conformal_limits(pooled, images))
    assert rules.conformal.rationale == limits.pop("rationale")
    assert {name: getattr(rules.conformal, name) for name in limits} == pytest.approx(limits, rel=1e-9)


def test_a_candidate_has_audit_index_and_mean_radiographs_and_is_not_measured(packaged_run, split):
    candidate = load_release(packaged_run / CANDIDATE)
    inventory = scan_images(Classifier(candidate), {name: split.part(name) for name in SPLITS})

    assert json.loads(candidate.read_file(ReleaseFile.DATASET_AUDIT)) == audit_dataset(inventory)
    index = SimilarCaseIndex.from_release(candidate)
    assert index.files.tolist() == [record.path.name for record in split.training]
    assert load_mean_radiographs(candidate) == {}  # no cause has a hundred images
    assert not set(MEASURED_FILES) & candidate.checksums.keys()
    assert candidate.version == "candidate"
    assert "metrics" not in candidate.description


def test_the_networks_from_a_release_give_the_same_candidate_as_their_run(
    published, packaged_run, tiny_set, not_chest_set, tmp_path, monkeypatch
):
    written = []

    def record_path(path, content):
        written.append(path.name)
        write_json(path, content)

    monkeypatch.setattr(training.release.candidate, "write_json", record_path)
    folders = {"--data": tiny_set, "--run": tmp_path / "run", "--from-release": published, "--not-chest": not_chest_set}
    assert main(["package", *(str(part) for option in folders.items() for part in option)]) == 0

    again, packaged = (load_release(run / CANDIDATE) for run in (tmp_path / "run", packaged_run))
    assert again.description == packaged.description
    assert again.checksums.keys() == packaged.checksums.keys()
    assert again.network == packaged.network
    assert written == [ReleaseFile.DATASET_AUDIT, ReleaseFile.DESCRIPTION]  # model.json once, at the end


@pytest.fixture(scope="module")
def opacity_candidate(tiny_run, tiny_set, adult_set, tmp_path_factory):
    """A candidate of the tiny network packaged as if it had been trained on adults, too."""
    networks = dataclasses.replace(TrainedNetworks.from_run(tiny_run), has_opacity_map=True)
    split = load_split(tiny_set, adult_set, Sources.CHILDREN_AND_ADULTS)
    with pytest.MonkeyPatch.context() as patch:
        reduce_sample_sizes(patch)
        return assemble_candidate(networks, split, tmp_path_factory.mktemp("opacity") / "candidate"), split


def test_a_network_trained_with_boxes_has_an_opacity_map_and_its_contour(opacity_candidate):
    candidate, split = opacity_candidate
    n_boxes = sum(bool(record.opacities) for record in split.validation)

    assert candidate.outputs["opacity_map"] == (1, SIZE // 2, SIZE // 2)
    described = candidate.description["opacity_map"]
    assert candidate.opacity_contour == described["contour"]
    assert f"on {n_boxes} validation images with boxes." in described["rationale"]
    inference = Classifier(candidate).infer_working(np.full((224, 224), 100, np.float32))
    assert inference.output.opacity_map.shape == (SIZE // 2, SIZE // 2)
    assert 0 <= inference.output.opacity_map.min() <= inference.output.opacity_map.max() <= 1
    assert Classifier(candidate).finding_from(inference).opacity_contour == candidate.opacity_contour


def test_the_limits_of_an_opacity_map_state_how_well_each_measurement_works(opacity_candidate):
    candidate, _ = opacity_candidate
    limits = candidate.description.get("heat_map_reliability")  # None if no measurement is better than chance
    if limits:
        assert set(limits["auc"]) == set(HeatMapWarning)
        assert len(limits.keys() & set(HeatMapWarning)) == 1


def test_a_network_trained_with_boxes_cannot_be_packaged_without_boxes(tiny_run, split, tmp_path):
    networks = dataclasses.replace(TrainedNetworks.from_run(tiny_run), has_opacity_map=True)
    with pytest.raises(TrainingError, match="no validation image has boxes of opacities"):
        assemble_candidate(networks, split, tmp_path / "candidate")


@pytest.mark.parametrize(("sources", "expected"), [("children", False), ("children and adults", True)])
def test_only_a_run_with_adults_has_an_opacity_map(own_run, sources, expected):
    dataclasses.replace(ClassifierConfig.load(own_run / CONFIG_FILE), sources=sources).save(own_run / CONFIG_FILE)
    assert TrainedNetworks.from_run(own_run).has_opacity_map == expected


def test_packaging_without_test_images_gives_an_error_message(own_run, split):
    message = "The data set contains no test images."
    with pytest.raises(TrainingError, match=exactly(message)):
        assemble_candidate(TrainedNetworks.from_run(own_run), dataclasses.replace(split, test=[]), own_run / CANDIDATE)
    assert not (own_run / CANDIDATE).exists()


def test_a_candidate_has_three_operating_points_and_the_balanced_one_is_the_default(candidate):
    point = children_rules(candidate).operating_point()
    assert candidate.operating_point_names == (RULE_OUT, BALANCED, RULE_IN)
    assert point.name == BALANCED
    assert point.rationale == (
        "Threshold with the highest value of sensitivity + specificity - 1 (Youden's index) on 20 validation images "
        "and 5 perturbed copies of each."
    )
