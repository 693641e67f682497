"""Command line of `python -m dataset`. Each command imports its own modules, which keeps `--help` fast."""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dataset.adults import DEFAULT_ADULT_ROOT
from dataset.download.progress import Progress
from dataset.index import DEFAULT_ROOT, dataset_root
from model.codes import Population
from model.console import CommandParser, print_lines, run_with_messages
from model.performance.terms import term
from model.plain_text import printable
from model.translation import gettext as _
from model.translation import ngettext


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 for success, 1 after an error message, 2 for invalid usage."""
    options = _parser().parse_args(arguments)
    return run_with_messages(lambda: options.command(options), stopped=_("Stopped."))


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m dataset", description="Download and audit the labelled data set of chest X-rays."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    download = commands.add_parser("download", help="download the public data set, or a few sample images")
    download.add_argument(
        "--to", type=Path, metavar="FOLDER", help=f"target folder (default: CHEST_XRAY_DIR, or {DEFAULT_ROOT})"
    )
    download.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help="download only N images (3 to 120) from the official test split: one third each of normal, bacterial "
        "pneumonia and viral pneumonia; if N is not a multiple of 3, the remainder goes to normal first, then "
        "bacterial",
    )
    download.set_defaults(command=_download)
    audit = commands.add_parser(
        "audit",
        help="find duplicates, patients in several splits, unreadable images and outliers",
        description=f"Read every image in the data sets of the children (CHEST_XRAY_DIR, or {DEFAULT_ROOT}) and the "
        f"adults (ADULT_XRAY_DIR, or {DEFAULT_ADULT_ROOT}) with the released model and report duplicates, patients in "
        "several splits, unreadable images and outliers. Each data set is audited on its own. One may be missing.",
    )
    audit.add_argument("--out", type=_writable_file, metavar="FILE", help="also write the full result as JSON")
    audit.set_defaults(command=_audit)
    return parser


def _download(options: argparse.Namespace) -> None:
    from dataset.download import full_set, samples
    from dataset.download.staging import validate_target

    target = validate_target(options.to or dataset_root())
    if options.samples is None:
        count, notice = sum(full_set.EXPECTED.values()), full_set.download_notice()
    else:
        count = len(samples.sample_names(options.samples))
        notice = samples.download_notice(count)
    print_lines(f"{notice}\n{_('Target folder: {folder}').format(folder=target)}")
    with closing(_ProgressBars()) as bars:
        if options.samples is None:
            full_set.download_full_set(target, bars)
        else:
            samples.download_samples(target, count, bars)
    saved = ngettext("Saved {n:,} image in {folder}", "Saved {n:,} images in {folder}", count)
    print_lines(saved.format(n=count, folder=target))


def _writable_file(text: str) -> Path:
    """Convert the argument of `--out` and check it early, because reading the images takes minutes."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(_("{path} must be a file name in an existing folder").format(path=text))
    return path


def _audit(options: argparse.Namespace) -> None:
    from dataset.quality.audit import audit_dataset
    from dataset.quality.features import scan_images
    from dataset.quality.report import audit_report
    from dataset.sources import SOURCES
    from dataset.split import split
    from model.inference.classifier import load_model

    present = {population: source for population, source in SOURCES.items() if source.is_on_disk()}
    # Without any data set, the error of the children's is reported.
    sources = present or {Population.CHILDREN: SOURCES[Population.CHILDREN]}
    indexes = {population: source.load(source.root()) for population, source in sources.items()}
    classifier = load_model()
    audits: dict[str, Any] = {}
    for population, records in indexes.items():
        parts = {name: part for name, part in split(records).parts().items() if part}
        audit = audit_dataset(scan_images(classifier, parts))
        if len(indexes) > 1:
            print_lines(f"{term(population)} ({_(SOURCES[population].name)})")
        print_lines("\n".join(audit_report(audit)))
        for file in audit["unreadable"]:
            print(printable(f"{file['file']}: {file['reason']}"))
        audits |= audit if population is Population.CHILDREN else {str(population): audit}
    if options.out:
        options.out.write_text(json.dumps(audits, indent=2, allow_nan=False) + "\n")
        print_lines(_("Written to {file}.").format(file=options.out))


class _ProgressBars:
    """Progress bar on standard error, replaced by a new one when the unit changes."""

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
