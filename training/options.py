"""Options that commands of `python -m training` have in common, and those of `evaluate`."""

import argparse
import dataclasses
from pathlib import Path
from typing import TypeVar

from dataset.adults import DEFAULT_ADULT_ROOT, adult_root
from dataset.index import DEFAULT_ROOT, dataset_root
from model.codes import SPLITS
from training.admission.not_chest import not_chest_root
from training.config import RunConfig, option_names

TEST_LOG = Path(__file__).parent / "TEST_LOG.csv"

Config = TypeVar("Config", bound=RunConfig)


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of the labelled data set."""
    parser.add_argument(
        "--data",
        type=Path,
        default=dataset_root(),
        help=f"labelled data set folder (default: CHEST_XRAY_DIR, or {DEFAULT_ROOT})",
    )


def add_adult_data_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of the adult data set."""
    parser.add_argument(
        "--adult-data",
        type=Path,
        default=adult_root(),
        help=(
            "folder of the adult data set, if the model is trained on adults (default: ADULT_XRAY_DIR, or "
            f"{DEFAULT_ADULT_ROOT})"
        ),
    )


def add_data_and_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the folders of the labelled data set and of the run."""
    add_data_option(parser)
    parser.add_argument("--run", type=Path, default=Path("runs/reader"), help="folder of the run (default %(default)s)")


def add_not_chest_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of real images that are not frontal chest radiographs."""
    parser.add_argument(
        "--not-chest",
        type=Path,
        default=not_chest_root(),
        help="folder with real images that are not frontal chest radiographs, and labels.csv: one half for fitting the "
        "admission check, one for measuring it (default: NOT_CHEST_DIR; without it, other images are synthetic only)",
    )


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate`."""
    add_data_option(parser)
    add_adult_data_option(parser)
    parser.add_argument("--run", type=Path, help="packaged run to evaluate (default: the committed release)")
    names = [str(name) for name in SPLITS]
    parser.add_argument("--split", nargs="+", choices=names, default=names, help="splits to evaluate (default: all)")
    parser.add_argument(
        "--out", type=Path, help="output folder (default: the candidate of the run, or runs/evaluation)"
    )
    parser.add_argument(
        "--test-log",
        type=Path,
        default=TEST_LOG,
        help="CSV file that logs evaluations on the test split (default: training/TEST_LOG.csv)",
    )
    parser.add_argument(
        "--masks", type=Path, help="folder with manual lung masks, one <stem>.png per image: evaluates the lung network"
    )
    parser.add_argument(
        "--originals", "--full-size", type=Path, help="folder with images at original size: for the shortcut audit"
    )
    parser.add_argument(
        "--original-sizes",
        "--sizes",
        type=Path,
        help="CSV file with file, width and height of the originals: for the shortcut audit",
    )
    parser.add_argument(
        "--adults",
        type=Path,
        help="folder with radiographs of adults from another hospital and labels.csv: evaluates the model on them",
    )
    add_not_chest_option(parser)


def add_config_options(parser: argparse.ArgumentParser, config_class: type[RunConfig]) -> None:
    """Add one option per setting of a run."""
    for field in dataclasses.fields(config_class):
        parser.add_argument(
            *option_names(field),
            type=type(field.default),
            default=field.default,
            help=f"{field.metadata['help']} (default %(default)s)",
        )


def config_of(options: argparse.Namespace, config_class: type[Config]) -> Config:
    """Return the settings that `add_config_options` read from the command line."""
    return config_class(**{field.name: getattr(options, field.name) for field in dataclasses.fields(config_class)})
