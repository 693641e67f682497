"""The commands of `python -m training`; each imports what it needs, so that `--help` answers at once."""

import argparse
import dataclasses
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dataset.index import DEFAULT_ROOT, dataset_root, load_index
from dataset.split import split_for_training
from model.console import run_with_messages
from model.errors import TrainingError
from model.inference.release_loader import RELEASE_DIR, load_release
from training.config import ClassifierConfig, LungConfig, RunConfig

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"
SPLITS = ("training", "validation", "test")
TEST_LOG = Path(__file__).parent / "TEST_LOG.csv"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it was asked, 1 after a sentence on what went wrong, 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    _quiet_tensorflow()
    return run_with_messages(
        lambda: options.command(options), stopped="Stopped. The same command goes on where it was."
    )


def _quiet_tensorflow() -> None:
    """Settings that TensorFlow reads once, at its import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # off by default on AMD, where it more than doubles the speed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fitting = commands.add_parser("fit", help="train on the pictures, or go on with a run that was killed")
    _add_places(fitting)
    _add_config(fitting, ClassifierConfig)
    fitting.set_defaults(command=_fit)
    lungs = commands.add_parser("lungs", help="train the network that finds the lungs")
    _add_data(lungs)
    lungs.add_argument("--run", type=Path, default=Path("runs/lungs"), help="folder of the run (default %(default)s)")
    lungs.add_argument("--masks", type=Path, required=True, help="folder of the lung masks, <stem>.png each")
    _add_config(lungs, LungConfig)
    lungs.set_defaults(command=_lungs)
    evaluating = commands.add_parser("evaluate", help="measure a run, or the committed release, and write the figures")
    _add_data(evaluating)
    evaluating.add_argument("--run", type=Path, help="measure this run instead of the committed release")
    evaluating.add_argument("--split", nargs="+", choices=SPLITS, default=SPLITS, help="default: all of them")
    evaluating.add_argument("--out", type=Path, help="default: the run's candidate, or runs/evaluation")
    evaluating.add_argument("--test-log", type=Path, default=TEST_LOG, help="where an opening of test is written down")
    evaluating.add_argument("--masks", type=Path, help="drawn lung fields, <stem>.png each: measures the lungs")
    evaluating.add_argument("--full-size", type=Path, help="pictures of the set in original size: for the audit")
    evaluating.add_argument("--sizes", type=Path, help="CSV: file, width and height of originals: for the audit")
    evaluating.add_argument("--adults", type=Path, help="films of adults with labels.csv: how it fares on them")
    evaluating.set_defaults(command=_evaluate)
    releasing = commands.add_parser("release", help="publish a measured run as the model that the app loads")
    _add_places(releasing)
    releasing.add_argument("--version", required=True, help="of the new release, for example 1.1.0")
    releasing.add_argument("--change", required=True, help="one sentence: what changes for the user")
    releasing.set_defaults(command=_release)
    measuring = commands.add_parser("throughput", help="pictures per second of the pipeline alone and of training")
    _add_data(measuring)
    _add_config(measuring, ClassifierConfig)
    measuring.set_defaults(command=_throughput)
    explaining = commands.add_parser("explain", help="other maps of a picture: .npy on standard input, JSON lines out")
    explaining.add_argument("--release", type=Path, default=RELEASE_DIR, help="folder of the trained model")
    explaining.set_defaults(command=_explain)
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=dataset_root(), help=f"the labelled set (CHEST_XRAY_DIR, or {DEFAULT_ROOT})"
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    _add_data(parser)
    parser.add_argument("--run", type=Path, default=Path("runs/reader"), help="folder of the run (default %(default)s)")


def _add_config(parser: argparse.ArgumentParser, kind: type[RunConfig]) -> None:
    for field in dataclasses.fields(kind):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            help=f"{field.metadata['help']} (default %(default)s)",
        )


def _config(options: argparse.Namespace, kind: type[RunConfig]) -> RunConfig:
    return kind(**{field.name: getattr(options, field.name) for field in dataclasses.fields(kind)})


def _fit(options: argparse.Namespace) -> None:
    from training.fitting.classifier import fit_classifier

    fit_classifier(options.data, options.run, _config(options, ClassifierConfig))


def _lungs(options: argparse.Namespace) -> None:
    from training.fitting.lungs import fit_lungs

    measured = fit_lungs(options.data, options.masks, options.run, _config(options, LungConfig))
    print(json.dumps(measured, indent=2))


def _evaluate(options: argparse.Namespace) -> None:
    from training.evaluate import EvaluationOptions, evaluate
    from training.evaluation.shortcut_audit import AuxiliaryData
    from training.release.candidate import assemble_candidate
    from training.release.publish import head_commit

    parts = split_for_training(load_index(options.data))
    release, shifted = assemble_candidate(options.run, parts) if options.run else (load_release(), None)
    out = options.out or (release.directory if options.run else Path("runs/evaluation"))
    extras = AuxiliaryData(options.masks, options.full_size, options.sizes, options.adults)
    task = EvaluationOptions(options.split, out, options.test_log, head_commit(PROJECT), extras)
    metrics = evaluate(release, parts, task, shifted)
    print(_table(metrics))
    print(f"Written to {out}.")


def _table(metrics: dict) -> str:
    lines = [f"Operating point {metrics['operating_point']['name']}; 95 % intervals by patient"]
    for split, measured in metrics["splits"].items():
        at_point = measured["operating_points"][metrics["operating_point"]["name"]]
        lines.append(f"{split}: n = {measured['n']}, {measured['patients']} patients, {at_point['confusion']}")
        figures = {name: m for name, m in (measured | at_point).items() if isinstance(m, dict) and m.get("value")}
        lines += [f"  {name:<12} {m['value']:.4f} ({m['low']:.4f} to {m['high']:.4f})" for name, m in figures.items()]
    if stress := metrics.get("stress_validation"):
        lines.append(f"validation under {len(stress['shifts'])} shifts: AUC on average {stress['mean_auc']:.4f}")
        lines += [f"  {name:<40} {measured['auc']:.4f}" for name, measured in stress["shifts"].items()]
    return "\n".join(lines)


def _release(options: argparse.Namespace) -> None:
    from model.release_files import ReleaseFile
    from model.storage import write_text
    from training.evaluate import test_split_openings
    from training.release.candidate import CANDIDATE
    from training.release.model_card import with_metrics_section
    from training.release.publish import ReleaseNotes, clean_commit, publish

    edition = ReleaseNotes(options.version, options.change, clean_commit(PROJECT))
    parts = split_for_training(load_index(options.data))
    if not (options.run / CANDIDATE).exists():
        raise TrainingError(
            f"{options.run} has not been measured. Run `python -m training evaluate --run {options.run}` first."
        )
    candidate = load_release(options.run / CANDIDATE)
    release = publish(candidate, parts, RELEASE_DIR, edition, test_split_openings(TEST_LOG))
    metrics = json.loads((release.directory / ReleaseFile.METRICS).read_text())
    write_text(README, with_metrics_section(README.read_text(), metrics))
    print(f"Released {options.version} in {RELEASE_DIR}; its figures stand in {README}.")


def _throughput(options: argparse.Namespace) -> None:
    from training.fitting.throughput import throughput

    print(throughput(options.data, _config(options, ClassifierConfig)))


def _explain(options: argparse.Namespace) -> None:
    # TensorFlow looks for a folder for temporary files at its import, by writing one, and where no file can be written
    # (deploy/) it would end there. It uses none.
    tempfile.tempdir = os.devnull
    from model.explanation.gradient_worker import answer

    answer(options.release)
