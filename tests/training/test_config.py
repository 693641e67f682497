"""Settings of a training run."""

import json

import pytest

from model.errors import TrainingError
from training.cli import _parser
from training.config import ClassifierConfig, LungConfig
from training.options import config_of

pytestmark = pytest.mark.slow

FORMER_NAMES = {
    "size": "input_size",
    "lungs": "lung_network",
    "view": "region",
    "crop": "max_crop",
}


def test_settings_are_loaded_as_they_were_saved(tmp_path):
    config = ClassifierConfig(backbone="none", sources="children", seed=7, learning_rate=3e-4, region="whole")
    config.save(tmp_path / "config.json")

    assert ClassifierConfig.load(tmp_path / "config.json") == config
    assert json.loads((tmp_path / "config.json").read_text())["seed"] == 7


def test_settings_are_stored_under_their_names():
    stored = ClassifierConfig(input_size=64, region="whole").to_dict()

    assert (stored["input_size"], stored["region"]) == (64, "whole")
    assert not stored.keys() & FORMER_NAMES.keys()
    assert LungConfig(input_size=64).to_dict()["input_size"] == 64


def test_settings_from_a_different_program_version_are_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"seed": 1}))

    with pytest.raises(TrainingError, match=r"config\.json was written by a different version of this program\."):
        ClassifierConfig.load(path)


def test_former_option_names_are_aliases():
    values = {"size": 64, "lungs": "runs/lungs", "view": "whole", "crop": 0.1}
    options = [part for name, value in values.items() for part in (f"--{name}", str(value))]

    config = config_of(_parser().parse_args(["fit", *options]), ClassifierConfig)

    assert config == ClassifierConfig(**{FORMER_NAMES[name]: value for name, value in values.items()})
