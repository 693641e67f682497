"""The committed release reproduces its own metrics on the real images."""

import json

import numpy as np
import pandas as pd
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import split_for_training
from model.codes import Caution, SplitName
from model.inference.classifier import load_model
from model.inference.release_loader import RELEASE_DIR
from model.performance.binary_metrics import auc_with_ci, rates_with_ci
from model.performance.release_data import predictions_of
from model.release_files import ReleaseFile
from tests.support.populations import children_rules
from training.data.loading import read_radiograph

pytestmark = [pytest.mark.slow, pytest.mark.dataset]


def test_the_release_reproduces_its_validation_metrics():
    classifier, validation = load_model(), split_for_training(load_index(dataset_root())).validation
    predictions = pd.read_csv(RELEASE_DIR / ReleaseFile.PREDICTIONS)
    released = predictions[predictions["split"] == SplitName.VALIDATION]
    assert released["file"].tolist() == [record.path.name for record in validation]

    findings = [classifier.read(read_radiograph(record)) for record in validation]

    read = np.array([finding.probability for finding in findings])
    np.testing.assert_allclose(read, released["probability"], atol=1e-3)  # rounding differs between processors
    read_again = predictions_of(released.assign(probability=read))
    metrics = json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())["splits"][SplitName.VALIDATION]
    assert auc_with_ci(read_again)["auc"]["value"] == pytest.approx(metrics["auc"]["value"], abs=1e-4)
    for point in children_rules(classifier.release).operating_points:
        accuracy = rates_with_ci(read_again, point.threshold)["accuracy"]["value"]
        at_point = metrics["operating_points"][point.name]
        assert accuracy == pytest.approx(at_point["accuracy"]["value"], abs=2 / len(validation))
    cautions = [caution for finding in findings for caution in finding.cautions]
    assert Caution.LUNGS_NOT_FOUND not in cautions
    assert len(cautions) <= 0.01 * len(validation), cautions
