"""The commands of `python -m dataset`; each imports what it needs, so that `--help` answers at once."""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dataset.download.progress import Progress
from dataset.index import DEFAULT_ROOT, dataset_root, load_index
from model.console import run_with_messages


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 after success, 1 after an error message, 2 after wrong usage."""
    options = _parser().parse_args(arguments)
    return run_with_messages(lambda: options.command(options), stopped="Stopped.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dataset", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    download = commands.add_parser("download", help="fetch the public data set, or a few sample pictures of it")
    download.add_argument("--to", type=Path, metavar="FOLDER", help=f"default: CHEST_XRAY_DIR, or {DEFAULT_ROOT}")
    download.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help="fetch so many pictures (3 to 120) of the official test split instead of the whole set: a third each of "
        "normal, bacterial and viral films; what is left over goes to normal, then bacterial",
    )
    download.set_defaults(command=_download)
    audit = commands.add_parser(
        "audit",
        help="look for copies, patients in two splits, unreadable and odd pictures",
        description=f"Read every picture of the set (CHEST_XRAY_DIR, or {DEFAULT_ROOT}) with the released reader, and "
        "tell of copies, patients in two splits, unreadable and odd pictures.",
    )
    audit.add_argument("--out", type=_writable_file, metavar="FILE", help="write all that was found as JSON, too")
    audit.set_defaults(command=_audit)
    return parser


def _download(options: argparse.Namespace) -> None:
    from dataset.download.full_set import DOWNLOAD_NOTICE, EXPECTED, download_full_set
    from dataset.download.samples import download_notice, download_samples, sample_names
    from dataset.download.staging import validate_target

    target = validate_target(options.to or dataset_root())
    count = sum(EXPECTED.values()) if options.samples is None else len(sample_names(options.samples))
    print(f"{DOWNLOAD_NOTICE if options.samples is None else download_notice(count)}\nTo: {target}", flush=True)
    with closing(_ProgressBars()) as bars:
        if options.samples is None:
            download_full_set(target, bars)
        else:
            download_samples(target, count, bars)
    print(f"{count:,} pictures lie in {target}")


def _writable_file(text: str) -> Path:
    """Convert the argument `--out` and check it, so that a mistake shows up before minutes of reading."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a file in a folder that is there")
    return path


def _audit(options: argparse.Namespace) -> None:
    from dataset.quality.audit import audit_dataset
    from dataset.quality.features import scan_images
    from dataset.quality.report import audit_report
    from dataset.split import split
    from model.inference.classifier import load_model

    parts = {name: records for name, records in split(load_index(dataset_root())).parts().items() if records}
    audit = audit_dataset(scan_images(load_model(), parts))
    print("\n".join(audit_report(audit)))
    for file in audit["unreadable"]:
        print(f"{file['file']}: {file['reason']}")
    if options.out:
        options.out.write_text(json.dumps(audit, indent=2, allow_nan=False) + "\n")
        print(f"Written to {options.out}.")


class _ProgressBars:
    """Progress bars on standard error, one at a time: a new one for each unit."""

    def __init__(self) -> None:
        self._unit = ""
        self._bar: tqdm[Any] = tqdm(disable=True)

    def __call__(self, progress: Progress) -> None:
        if progress.unit != self._unit:
            self._bar.close()
            self._unit = progress.unit
            self._bar = tqdm(total=progress.total, initial=progress.done, unit=f" {progress.unit}", disable=None)
        self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        self._bar.close()
