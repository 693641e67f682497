"""The committed release, read anew on the real pictures, gives the figures that it was released with."""

import json

import numpy as np
import pandas as pd
import pytest

from dataset.index import dataset_root, load_index
from dataset.split import cut
from model.inference.classifier import Reader
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.binary_metrics import measure_ranking, measure_rates
from model.performance.release_data import scores_of
from training.data.loading import read_radiograph
from training.evaluate import METRICS, PREDICTIONS

pytestmark = pytest.mark.dataset


def test_the_validation_figures_of_the_release_come_out_of_its_networks_again():
    reader, validation = Reader(load_release()), cut(load_index(dataset_root())).validation
    released = pd.read_csv(RELEASE_DIR / PREDICTIONS).query("split == 'validation'")
    assert released["file"].tolist() == [record.path.name for record in validation]

    findings = [reader.read(read_radiograph(record)) for record in validation]

    read = np.array([finding.probability for finding in findings])
    np.testing.assert_allclose(read, released["probability"], atol=1e-3)  # another processor rounds otherwise
    again = scores_of(released.assign(probability=read))
    figures = json.loads((RELEASE_DIR / METRICS).read_text())["splits"]["validation"]
    assert measure_ranking(again)["auc"]["value"] == pytest.approx(figures["auc"]["value"], abs=1e-4)
    for point in reader.release.operating_points:
        accuracy = measure_rates(again, point.threshold)["accuracy"]["value"]
        at_point = figures["operating_points"][point.name]
        assert accuracy == pytest.approx(at_point["accuracy"]["value"], abs=2 / len(validation))
    assert not any(finding.cautions for finding in findings)  # lungs are found in every one of them
