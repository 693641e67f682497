"""The commands of `python -m dataset`; each imports what it needs, so that `--help` answers at once."""

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from dataset.download.progress import Progress
from dataset.index import DEFAULT_ROOT, dataset_root, load_index
from model.console import run_with_messages


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it was asked, 1 after a sentence on what went wrong, 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    return run_with_messages(lambda: options.command(options), stopped="Stopped.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dataset", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fetching = commands.add_parser("download", help="fetch the public data set, or a few sample pictures of it")
    fetching.add_argument("--to", type=Path, metavar="FOLDER", help=f"default: CHEST_XRAY_DIR, or {DEFAULT_ROOT}")
    fetching.add_argument(
        "--samples",
        type=int,
        metavar="N",
        help="fetch so many pictures (3 to 120) of the official test split instead of the whole set: a third each of "
        "normal, bacterial and viral films; what is left over goes to normal, then bacterial",
    )
    fetching.set_defaults(command=_download)
    auditing = commands.add_parser(
        "audit",
        help="look for copies, patients in two splits, unreadable and odd pictures",
        description=f"Read every picture of the set (CHEST_XRAY_DIR, or {DEFAULT_ROOT}) with the released reader, and "
        "tell of copies, patients in two splits, unreadable and odd pictures.",
    )
    auditing.add_argument("--out", type=_new_file, metavar="FILE", help="write all that was found as JSON, too")
    auditing.set_defaults(command=_audit)
    return parser


def _download(options: argparse.Namespace) -> None:
    from dataset.download.full_set import DOWNLOAD_NOTICE, EXPECTED, download_full_set
    from dataset.download.samples import download_notice, download_samples, sample_names
    from dataset.download.staging import validate_target

    target = validate_target(options.to or dataset_root())
    count = sum(EXPECTED.values()) if options.samples is None else len(sample_names(options.samples))
    print(f"{DOWNLOAD_NOTICE if options.samples is None else download_notice(count)}\nTo: {target}", flush=True)
    with closing(_Bars()) as bars:
        if options.samples is None:
            download_full_set(target, bars)
        else:
            download_samples(target, count, bars)
    print(f"{count:,} pictures lie in {target}")


def _new_file(text: str) -> Path:
    """A file that can be written, for argparse: told before minutes of reading, and not after."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a file in a folder that is there")
    return path


def _audit(options: argparse.Namespace) -> None:
    from dataset.quality.audit import audit_dataset
    from dataset.quality.features import scan_images
    from dataset.quality.report import audit_report
    from dataset.split import split
    from model.inference.classifier import Classifier
    from model.inference.release_loader import load_release

    parts = vars(split(load_index(dataset_root())))
    found = audit_dataset(scan_images(Classifier(load_release()), {name: part for name, part in parts.items() if part}))
    print("\n".join(audit_report(found)))
    for one in found["unreadable"]:
        print(f"{one['file']}: {one['reason']}")
    if options.out:
        options.out.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n")
        print(f"Written to {options.out}.")


class _Bars:
    """One progress bar at a time on standard error: a new one when what is counted changes."""

    def __init__(self) -> None:
        self._what, self._bar = "", tqdm(disable=True)

    def __call__(self, now: Progress) -> None:
        if now.what != self._what:
            self._bar.close()
            self._what = now.what
            self._bar = tqdm(total=now.total, initial=now.done, unit=f" {now.what}", disable=None)
        self._bar.update(now.done - self._bar.n)

    def close(self) -> None:
        self._bar.close()
