"""Convert a release of format 5 to format 6 in place: the same networks and figures under other names.

python -m tools.convert_release model/release [--shipped]
python -m tools.convert_release model/release --card [--readme README.md] [--shipped]

The first call converts. The second writes the model card, and the figures of a README, again from the converted files.
`--shipped` records the result as the release that this version of the program comes with (model/release.sha256).
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model.admission.classifier import LIMIT_NAMES
from model.inference.release_loader import FORMAT, load_release, write_shipped_digest
from model.inference.release_schema import ReleaseDescription
from model.release_files import ReleaseFile
from model.storage import replace_directory, write_arrays, write_checksums, write_json, write_text

OLD_FORMAT = 5
FILE_NAMES = {
    "reader.tflite": ReleaseFile.CLASSIFIER,
    "reader.keras": ReleaseFile.CLASSIFIER_KERAS,
    "lookalikes.npz": ReleaseFile.SIMILAR_CASES,
    "means.npz": ReleaseFile.MEAN_RADIOGRAPHS,
}
# Old key -> new key of model.json: of the file, and of one entry of it. "chosen" is renamed in all entries.
DESCRIPTION_KEYS = {"view": "input_region", "explanation_checks": "heat_map_reliability"}
ENTRY_KEYS = {
    "input_region": {"part": "kind"},
    "conformal": {"least_pneumonia": "pneumonia_from", "most_normal": "normal_up_to"},
    "lungs": {"found": "segmentation_metrics"},
    "dataset": {"pictures": "images"},
    "training": {
        "size": "input_size",
        "lungs": "lung_network",
        "view": "region",
        "alpha": "width_multiplier",
        "stride": "output_stride",
        "crop": "max_crop",
    },
}
RATIONALE_KEYS = {"chosen": "rationale"}
NETWORK = {"architecture": "MobileNetV2", "description": "17 blocks of convolutions"}
# Old array of admission.npz -> limit in model.json.
LIMITS = {
    "least_fine": "min_admissible_probability",
    "least_field": "min_second_lung_area",
    "least_apart": "min_lung_distance",
    "most_level": "max_lung_offset",
    "least_detail": "min_detail",
    "most_detail": "max_detail",
    "most_distance": "max_neighbour_distance",
    "most_mirrored": "max_mirror_score",
}
# Old array of admission.npz -> new one.
ADMISSION_ARRAYS = {
    "hidden": "hidden",
    "hidden_bias": "hidden_bias",
    "kinds": "output",
    "kinds_bias": "output_bias",
    "mirror": "mirror_weights",
}
ADMISSION_RATIONALE = (
    "Quantiles on {training} training pictures; the lowest probability also lets at most 1% of {validation} validation "
    "pictures be refused."
)
# Old key -> new key of metrics.json: of the file, of the entries named, and of all entries.
METRICS_KEYS = {"neighbours": "similar_cases"}
METRICS_ENTRY_KEYS = {
    "explanations": {"known_answers": "synthetic_opacities", "curves": "deletion_insertion"},
    "admission": {"remedied": "corrected", "unfamiliar": "out_of_distribution"},
}
CALIBRATION_KEYS = {"as_stated": "raw", "at_this_prevalence": "prevalence_adjusted"}
# `tools` may not import `training`, so its functions run in a process of their own.
CARD_PROGRAM = """
import json, sys
from pathlib import Path
from model.inference.release_loader import load_release
from training.release.model_card import model_card, with_metrics_section
release = load_release(Path(sys.argv[1]))
metrics, audit = (json.loads(release.read_file(name)) for name in ("metrics.json", "dataset_audit.json"))
readme = Path(sys.argv[2]).read_text() if len(sys.argv) > 2 else None
card = model_card(release.description, metrics, audit)
json.dump({"card": card, "readme": readme and with_metrics_section(readme, metrics)}, sys.stdout)
"""


def convert(directory: Path) -> None:
    """Convert a release of format 5 to format 6; the model card keeps its text until `rewrite_card`.

    Raises:
        SystemExit: The release is of another format.
    """
    old = json.loads((directory / ReleaseFile.DESCRIPTION).read_text())
    if old["format"] != OLD_FORMAT:
        sys.exit(f"{directory} has format {old['format']}; this command converts format {OLD_FORMAT}.")
    arrays = _read_arrays(directory / ReleaseFile.ADMISSION)
    metrics = json.loads((directory / ReleaseFile.METRICS).read_text())
    with replace_directory(directory) as staged:
        for name in old["files"]:
            shutil.copy2(directory / name, staged / FILE_NAMES.get(name, name))
        new_arrays = {new: arrays[name] for name, new in ADMISSION_ARRAYS.items()}
        write_arrays(staged / ReleaseFile.ADMISSION, new_arrays)
        write_json(staged / ReleaseFile.METRICS, convert_metrics(metrics))
        write_json(staged / ReleaseFile.DESCRIPTION, convert_description(old, arrays))
        write_checksums(staged)
        load_release(staged)


def convert_description(old: Mapping[str, Any], admission: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Convert model.json of format 5.

    Args:
        old: Content of model.json.
        admission: Arrays of admission.npz of the same release.
    """
    renamed = _rename(_rename_everywhere(dict(old), RATIONALE_KEYS), DESCRIPTION_KEYS)
    for entry, keys in ENTRY_KEYS.items():
        renamed[entry] = _rename(renamed[entry], keys)
    renamed |= {"format": FORMAT, "network": NETWORK, "admission": _limits(admission, renamed["dataset"]["images"])}
    return {name: renamed[name] for name in ReleaseDescription.__annotations__ if name in renamed}


def convert_metrics(old: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the content of metrics.json of format 5."""
    renamed = _rename(_rename_everywhere(dict(old), CALIBRATION_KEYS), METRICS_KEYS)
    for entry, keys in METRICS_ENTRY_KEYS.items():
        renamed[entry] = _rename_everywhere(renamed[entry], keys)
    for rates in renamed["admission"].values():
        if rates and "codes" in rates:
            rates["codes"] = dict(sorted(rates["codes"].items()))
    return renamed


def rewrite_card(directory: Path, readme: Path | None) -> None:
    """Write the model card again from the release's files, and the figures of a README."""
    command = [sys.executable, "-c", CARD_PROGRAM, str(directory), *([str(readme)] if readme else [])]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (our own program)
    texts = json.loads(answer.stdout)
    write_text(directory / ReleaseFile.CARD, texts["card"])
    write_checksums(directory)
    if readme:
        write_text(readme, texts["readme"])


def _limits(admission: Mapping[str, np.ndarray], images: Mapping[str, int]) -> dict[str, Any]:
    values = {LIMITS[name]: float(array) for name, array in admission.items() if name in LIMITS}
    rationale = ADMISSION_RATIONALE.format(**images)
    return {name: values[name] for name in LIMIT_NAMES} | {"rationale": rationale}


def _rename(content: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {keys.get(name, name): value for name, value in content.items()}


def _rename_everywhere(content: Any, keys: Mapping[str, str]) -> Any:
    """Rename keys at every depth of parsed JSON."""
    if isinstance(content, dict):
        return {keys.get(name, name): _rename_everywhere(value, keys) for name, value in content.items()}
    if isinstance(content, list):
        return [_rename_everywhere(value, keys) for value in content]
    return content


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.convert_release", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder of the release")
    parser.add_argument("--card", action="store_true", help="write the model card again instead of converting")
    parser.add_argument("--readme", type=Path, help="with --card: also write the figures of this README again")
    parser.add_argument("--shipped", action="store_true", help="record the result in model/release.sha256")
    options = parser.parse_args(arguments)
    if options.card:
        rewrite_card(options.directory, options.readme)
    else:
        convert(options.directory)
    release = load_release(options.directory)
    if options.shipped:
        write_shipped_digest(release)
    print(f"{options.directory}: format {FORMAT}, model {release.version}, digest {release.digest}")


if __name__ == "__main__":
    main()
