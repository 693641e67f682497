"""The committed release, read anew on the real pictures, gives the figures that it was released with."""

import json

import numpy as np
import pandas as pd
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import split_for_training
from model.inference.classifier import Classifier
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.binary_metrics import auc_with_ci, rates_with_ci
from model.performance.release_data import predictions_of
from model.release_files import ReleaseFile
from training.data.loading import read_radiograph

pytestmark = pytest.mark.dataset


def test_the_validation_figures_of_the_release_come_out_of_its_networks_again():
    classifier, validation = Classifier(load_release()), split_for_training(load_index(dataset_root())).validation
    released = pd.read_csv(RELEASE_DIR / ReleaseFile.PREDICTIONS).query("split == 'validation'")
    assert released["file"].tolist() == [record.path.name for record in validation]

    findings = [classifier.read(read_radiograph(record)) for record in validation]

    read = np.array([finding.probability for finding in findings])
    np.testing.assert_allclose(read, released["probability"], atol=1e-3)  # another processor rounds otherwise
    again = predictions_of(released.assign(probability=read))
    figures = json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())["splits"]["validation"]
    assert auc_with_ci(again)["auc"]["value"] == pytest.approx(figures["auc"]["value"], abs=1e-4)
    for point in classifier.release.operating_points:
        accuracy = rates_with_ci(again, point.threshold)["accuracy"]["value"]
        at_point = figures["operating_points"][point.name]
        assert accuracy == pytest.approx(at_point["accuracy"]["value"], abs=2 / len(validation))
    assert not any(finding.cautions for finding in findings)  # lungs are found in every one of them
