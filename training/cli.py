"""Commands of `python -m training`. Each imports what it needs, so `--help` does not load TensorFlow."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from dataset.index import load_index
from dataset.split import split_for_training
from model.codes import Population
from model.console import CommandParser, run_with_messages
from model.inference.release_loader import RELEASE_DIR, Release, load_release, write_shipped_digest
from model.storage import write_text
from training.config import ClassifierConfig, LungConfig, Sources
from training.options import (
    TEST_LOG,
    add_adult_data_option,
    add_config_options,
    add_data_and_run_options,
    add_data_option,
    add_evaluate_options,
    add_not_chest_option,
    config_of,
)

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"
EVIDENCE = PROJECT / "docs" / "evidence.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command line without the program name; None uses that of the process.

    Returns:
        Exit status: 0 on success, 1 after an error message. Incorrect usage exits with 2 (argparse).
    """
    options = _parser().parse_args(arguments)
    _configure_tensorflow()
    return run_with_messages(lambda: options.command(options), stopped="Stopped. Run the same command again to resume.")


def _configure_tensorflow() -> None:
    """Set the environment variables that TensorFlow reads at import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault(
        "TF_ENABLE_ONEDNN_OPTS", "1"
    )  # off by default on AMD processors, although it more than doubles their speed


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(prog="python -m training", description="Train, evaluate and release the model of the app.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fit_classifier = commands.add_parser(
        "fit-classifier", aliases=["fit"], help="train the classifier, or resume a killed run"
    )
    add_data_and_run_options(fit_classifier)
    add_adult_data_option(fit_classifier)
    add_config_options(fit_classifier, ClassifierConfig)
    fit_classifier.set_defaults(command=_fit_classifier)
    fit_lungs = commands.add_parser("fit-lungs", aliases=["lungs"], help="train the lung segmentation network")
    add_data_option(fit_lungs)
    fit_lungs.add_argument(
        "--run", type=Path, default=Path("runs/lungs"), help="folder of the run (default %(default)s)"
    )
    fit_lungs.add_argument(
        "--masks", type=Path, required=True, help="folder with the lung masks, one <stem>.png per image"
    )
    add_config_options(fit_lungs, LungConfig)
    fit_lungs.set_defaults(command=_fit_lungs)
    summarise = commands.add_parser(
        "summarise", help="measure finished runs on the validation images, to choose between them"
    )
    add_data_option(summarise)
    add_adult_data_option(summarise)
    summarise.add_argument("--run", type=Path, nargs="+", required=True, help="folders of the runs")
    summarise.set_defaults(command=_summarise)
    package = commands.add_parser(
        "package", help="export a run and fit what a release needs: calibration, thresholds, admission check"
    )
    add_data_and_run_options(package)
    add_adult_data_option(package)
    add_not_chest_option(package)
    package.add_argument("--from-release", type=Path, help="package the networks of this release instead of a run")
    package.set_defaults(command=_package)
    evaluate = commands.add_parser(
        "evaluate", help="evaluate a packaged run or the committed release, and write the metrics"
    )
    add_evaluate_options(evaluate)
    evaluate.set_defaults(command=_evaluate)
    release = commands.add_parser("release", help="publish an evaluated run as the model that the app loads")
    add_data_and_run_options(release)
    release.add_argument("--version", required=True, help="version of the new release, for example 1.1.0")
    release.add_argument("--change", required=True, help="one sentence that states what changes for the user")
    release.set_defaults(command=_release)
    card = commands.add_parser(
        "card", help="write the model card and the metrics in the documents again, from the committed release"
    )
    card.set_defaults(command=_card)
    benchmark = commands.add_parser(
        "benchmark", aliases=["throughput"], help="measure images per second of the input pipeline and of training"
    )
    add_data_option(benchmark)
    add_config_options(benchmark, ClassifierConfig)
    benchmark.set_defaults(command=_benchmark)
    return parser


def _fit_classifier(options: argparse.Namespace) -> None:
    from training.fitting.classifier import fit_classifier

    fit_classifier(options.data, options.adult_data, options.run, config_of(options, ClassifierConfig))


def _fit_lungs(options: argparse.Namespace) -> None:
    from training.fitting.lungs import fit_lungs

    metrics = fit_lungs(options.data, options.masks, options.run, config_of(options, LungConfig))
    print(json.dumps(metrics, indent=2))


def _summarise(options: argparse.Namespace) -> None:
    from training.evaluation.run_summary import summarise_run
    from training.fitting.classifier import load_split

    split = load_split(options.data, options.adult_data, Sources.CHILDREN_AND_ADULTS)
    for run in options.run:
        print(json.dumps({str(run): summarise_run(run, split)}, indent=2))


def _package(options: argparse.Namespace) -> None:
    from training.admission.not_chest import load_not_chest
    from training.fitting.classifier import load_split
    from training.release.candidate import CANDIDATE, assemble_candidate
    from training.release.trained_networks import TrainedNetworks

    load_index(options.data)  # a missing data set is the first thing to report
    source = options.from_release
    networks = TrainedNetworks.from_release(source) if source else TrainedNetworks.from_run(options.run)
    split = load_split(options.data, options.adult_data, networks.sources)
    options.run.mkdir(parents=True, exist_ok=True)
    not_chest = load_not_chest(options.not_chest).fitting
    candidate = assemble_candidate(networks, split, options.run / CANDIDATE, not_chest)
    print(f"Packaged in {candidate.directory}. Evaluate it with `python -m training evaluate --run {options.run}`.")


def _evaluate(options: argparse.Namespace) -> None:
    from training.evaluate import EvaluationOptions, evaluate
    from training.evaluation.printed_metrics import metrics_text
    from training.evaluation.shortcut_audit import AuxiliaryData
    from training.fitting.classifier import load_split
    from training.release.candidate import load_candidate
    from training.release.publish import head_commit

    release = load_candidate(options.run) if options.run else load_release()
    has_adults = Population.ADULTS in release.populations
    sources = Sources.CHILDREN_AND_ADULTS if has_adults else Sources.CHILDREN
    split = load_split(options.data, options.adult_data, sources)
    output_folder = options.out or (release.directory if options.run else Path("runs/evaluation"))
    auxiliary = AuxiliaryData(
        options.masks, options.originals, options.original_sizes, options.adults, options.not_chest
    )
    evaluation_options = EvaluationOptions(
        options.split, output_folder, options.test_log, head_commit(PROJECT), auxiliary
    )
    metrics = evaluate(release, split, evaluation_options)
    print(metrics_text(metrics))
    print(f"Metrics written to {output_folder}.")


def _release(options: argparse.Namespace) -> None:
    from training.evaluation.split_openings import count_openings
    from training.release.candidate import load_candidate
    from training.release.publish import ReleaseNotes, clean_commit, publish

    notes = ReleaseNotes(options.version, options.change, clean_commit(PROJECT))
    split = split_for_training(load_index(options.data))
    candidate = load_candidate(options.run)
    openings = {population: count_openings(TEST_LOG, population) for population in candidate.populations}
    release = publish(candidate, split, RELEASE_DIR, notes, openings)
    _write_documents(release)
    print(f"Released {options.version} in {RELEASE_DIR} and wrote its metrics to {README} and {EVIDENCE}.")


def _card(_options: argparse.Namespace) -> None:
    from training.release.publish import rewrite_card

    _write_documents(rewrite_card(RELEASE_DIR))
    print(f"Wrote the model card in {RELEASE_DIR} and the metrics in {README} and {EVIDENCE}.")


def _write_documents(release: Release) -> None:
    """Record a release as the one shipped with the program, and write its metrics into the documents."""
    from model.performance.release_data import load_release_data
    from training.release.document_sections import with_metrics_section

    write_shipped_digest(release)
    data = load_release_data(release)
    for document in (README, EVIDENCE):
        write_text(document, with_metrics_section(document.read_text(), data))


def _benchmark(options: argparse.Namespace) -> None:
    from training.fitting.throughput import throughput_report

    print(throughput_report(options.data, config_of(options, ClassifierConfig)))
