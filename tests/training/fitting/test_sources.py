"""Training on children and adults together: split, validation batch, and the loss of the opacity map."""

import csv
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from dataset.adults import load_adult_index
from dataset.errors import DatasetUnusable
from dataset.index import load_index
from dataset.split import split_for_training
from model.codes import Population, SplitName
from model.inference.lung_segmentation import LungSegmenter
from model.release_files import LOGIT, OPACITY_MAP, ReleaseFile
from tests.support.training import LUNGS, SIZE, fit_arguments, main_with_tiny_networks
from training.config import ClassifierConfig, Sources
from training.data.samples import MASK_SIDE, TrainingSamples, load_samples
from training.fitting.classifier import SPLIT_FILE, CellEntropy, load_split, validation_batch

pytestmark = pytest.mark.slow


def test_a_run_on_both_sources_records_the_images_of_both_and_learns_a_map(tiny_set, adult_set, tmp_path):
    run = tmp_path / "run"
    options = ["--sources", "children and adults", "--adult-data", str(adult_set), "--epochs", "2", "--patience", "2"]

    assert main_with_tiny_networks(fit_arguments(tiny_set, run, *options)) == 0

    with (run / SPLIT_FILE).open(newline="") as file:
        parts = {row["file"]: row["part"] for row in csv.DictReader(file)}
    expected = load_split(tiny_set, adult_set, Sources.CHILDREN_AND_ADULTS)
    assert parts == {
        record.relative_path: name
        for name in (SplitName.TRAINING, SplitName.VALIDATION)
        for record in expected.part(name)
    }
    with (run / ReleaseFile.HISTORY).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert all(float(row["val_opacity_map_loss"]) > 0 and np.isfinite(float(row["loss"])) for row in rows)
    assert {"auc", "val_auc", "val_loss"} <= rows[0].keys()
    network = keras.models.load_model(run / ReleaseFile.CLASSIFIER_KERAS)
    assert {name: tuple(output.shape[1:]) for name, output in network.output.items()} == {
        LOGIT: (1,),
        OPACITY_MAP: (SIZE // 2, SIZE // 2),
    }


def test_both_sources_are_split_by_patient_and_test_patients_are_apart(tiny_set, adult_set):
    both = load_split(tiny_set, adult_set, Sources.CHILDREN_AND_ADULTS)

    children, adults = split_for_training(load_index(tiny_set)), split_for_training(load_adult_index(adult_set))
    for name in SplitName:
        assert both.part(name) == children.part(name) + adults.part(name)
    groups = [{record.group for record in part} for part in both.parts().values()]
    assert not groups[0] & groups[1]
    assert not (groups[0] | groups[1]) & groups[2]
    assert load_split(tiny_set, Path("nowhere"), Sources.CHILDREN) == children


def test_each_source_needs_both_classes(tiny_set, adult_set, tmp_path):
    """Otherwise, the label would reveal the source."""
    folder = shutil.copytree(adult_set, tmp_path / "adults")
    labels = (folder / "labels.csv").read_text().splitlines()
    (folder / "labels.csv").write_text("\n".join(line for line in labels if not line.startswith("normal/")) + "\n")

    with pytest.raises(DatasetUnusable):
        load_split(tiny_set, folder, Sources.CHILDREN_AND_ADULTS)


@pytest.fixture(scope="module")
def validation_samples(tiny_set, adult_set) -> tuple[TrainingSamples, ClassifierConfig]:
    """The validation images of both sources, and the settings of their run."""
    config = ClassifierConfig(input_size=SIZE)
    split = load_split(tiny_set, adult_set, Sources.CHILDREN_AND_ADULTS)
    segmenter = LungSegmenter((tiny_set / LUNGS / ReleaseFile.LUNGS).read_bytes(), SIZE)
    return load_samples(split.validation, segmenter, config.input_region, "validation images"), config


def test_validation_weights_each_cell_of_population_and_label_equally(validation_samples):
    samples, config = validation_samples
    images, targets, weights = validation_batch(samples, config.input_region, config, map_side=8)

    assert images.shape == (len(samples.target), SIZE, SIZE, 1)
    np.testing.assert_array_equal(targets[LOGIT], samples.target)
    totals = [weights[LOGIT][samples.cell == cell].sum() for cell in range(4)]
    assert totals == pytest.approx([len(images) / 4] * 4, rel=1e-5)


def test_validation_masks_are_those_of_the_region(validation_samples):
    samples, config = validation_samples
    _, targets, weights = validation_batch(samples, config.input_region, config, map_side=8)

    for number, box in enumerate(samples.boxes):
        left, top, right, bottom = (round(edge) for edge in box.to_pixels(MASK_SIDE, MASK_SIDE))
        inside = samples.opacities[number, top:bottom, left:right]
        assert targets[OPACITY_MAP][number].mean() == pytest.approx(inside.mean() / 255, abs=0.05)
        annotated = samples.annotated[number, top:bottom, left:right].mean() / 255
        cell_weight = float(weights[LOGIT][number, 0])
        assert weights[OPACITY_MAP][number].mean() == pytest.approx(annotated * cell_weight, abs=0.05 * cell_weight)
    assert any(targets[OPACITY_MAP].mean(axis=(1, 2)) > 0)
    assert Population.ADULTS in samples.population


def test_the_loss_of_the_map_is_the_weighted_cross_entropy_of_its_cells():
    rng = np.random.default_rng(0)
    target, logit, weight = rng.random((3, 2, 4, 4)).astype(np.float32)
    probability = 1 / (1 + np.exp(-logit))
    entropy = -(target * np.log(probability) + (1 - target) * np.log(1 - probability))

    assert float(CellEntropy()(target, logit, weight)) == pytest.approx((entropy * weight).mean(), rel=1e-4)
    assert float(CellEntropy()(target, logit, np.zeros_like(weight))) == 0
