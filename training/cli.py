"""The commands of `python -m training`; each imports what it needs, so that `--help` answers at once."""

import argparse
import dataclasses
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dataset.index import DEFAULT_ROOT, dataset_root
from model.errors import ReaderError
from training.config import FitConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it was asked, 1 after a sentence on what went wrong, 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    _quiet_tensorflow()
    try:
        options.command(options)
    except ReaderError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(
            f"The disk is full ({error.filename}). Free some space and start the same command again.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 1
    return 0


def _quiet_tensorflow() -> None:
    """Settings that TensorFlow reads once, at its import."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # off by default on AMD, where it more than doubles the speed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fitting = commands.add_parser("fit", help="train on the pictures, or go on with a run that was killed")
    _add_places(fitting)
    _add_config(fitting)
    fitting.set_defaults(command=_fit)
    return parser


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=dataset_root(), help=f"the labelled set (CHEST_XRAY_DIR, or {DEFAULT_ROOT})"
    )
    parser.add_argument("--run", type=Path, default=Path("runs/reader"), help="folder of the run (default %(default)s)")


def _add_config(parser: argparse.ArgumentParser) -> None:
    for field in dataclasses.fields(FitConfig):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            help=f"{field.metadata['help']} (default %(default)s)",
        )


def _fit(options: argparse.Namespace) -> None:
    from training.fit import fit

    config = FitConfig(**{field.name: getattr(options, field.name) for field in dataclasses.fields(FitConfig)})
    fit(options.data, options.run, config)
