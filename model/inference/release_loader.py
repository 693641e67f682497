"""Load and verify a release: a directory that holds one trained model.

`model.json` lists every file with its SHA-256 and declares input, outputs, labels, calibration, operating points and
map scale. The checksums guard against corruption and mix-ups, not against an attacker who can rewrite both.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.codes import LABELS
from model.errors import RESTORE_RELEASE_TEXT, ReleaseIncompatible
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.decision import Calibration, ConformalLimits, OperatingPoint
from model.inference.input_region import InputRegion, RegionKind
from model.release_files import ReleaseFile
from model.storage import read_file, read_verified

RELEASE_DIR = Path(__file__).parents[1] / "release"
# Format 4 had no admission classifier, 3 no index of similar cases, 2 no conformal limits, 1 no lung network.
FORMAT = 5
PLAIN_NAME = re.compile(r"\w[\w.-]*", re.ASCII)  # names files in the release directory only, nothing outside it


@dataclass(frozen=True)
class LungNetwork:
    """Lung network of a release.

    Attributes:
        network: Bytes of the LiteRT file.
        side: Height and width of its input in pixels.
    """

    network: bytes
    side: int


@dataclass(frozen=True)
class Release:
    """A verified release.

    Attributes:
        directory: Folder of the release.
        version: Version of the release.
        network: Bytes of the pneumonia network's LiteRT file, the same bytes whose checksum was verified.
        side: Height and width of its input, float32 (1, side, side, 1), 0-255, bright = dense.
        lungs: Lung network.
        input_region: The part of the radiograph that the pneumonia network sees.
        outputs: Shape of each output of the pneumonia network by name.
        calibration: From logit to probability.
        operating_points: Named thresholds.
        default_operating_point: Name of one of them.
        conformal: Limits of the prediction sets.
        training_prevalence: Share of pneumonia, 0-1, at which probabilities are calibrated.
        map_scale: Value of the class-activation map, in logits, that the heat map shows as 1.
        digest: SHA-256 of model.json, which holds the digests of all other files; a key for caches.
        description: Parsed model.json, for values that are only displayed.
    """

    directory: Path
    version: str
    network: bytes
    side: int
    lungs: LungNetwork
    input_region: InputRegion
    outputs: dict[str, tuple[int, ...]]
    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    default_operating_point: str
    conformal: ConformalLimits
    training_prevalence: float
    map_scale: float
    digest: str
    description: dict[str, Any]

    def __post_init__(self) -> None:
        if not 0 < self.training_prevalence < 1:
            raise ValueError(f"training_prevalence: between 0 and 1 expected, got {self.training_prevalence}")
        if not 0 < self.map_scale < math.inf:
            raise ValueError(f"map_scale: a number above 0 expected, got {self.map_scale}")
        if self.operating_points:  # a candidate has none until it is calibrated
            self.operating_point()

    def operating_point(self, name: str | None = None) -> OperatingPoint:
        """Return the operating point of that name; without a name, the default of the release.

        Raises:
            KeyError: The release has no such operating point.
        """
        name = name or self.default_operating_point
        for point in self.operating_points:
            if point.name == name:
                return point
        raise KeyError(f"operating point {name!r}: this release has {[p.name for p in self.operating_points]}")

    def read_file(self, name: str) -> bytes:
        """Read one of the release's files and verify it against model.json.

        Raises:
            ReleaseMissing: The file does not exist.
            ReleaseCorrupted: Its checksum differs, or model.json does not list it.
        """
        return read_verified(self.directory, name, self.description["files"].get(name, ""))


def load_release(directory: Path = RELEASE_DIR) -> Release:
    """Load and verify a release.

    Raises:
        ReleaseMissing: model.json or a file that it lists does not exist.
        ReleaseCorrupted: A file does not match its checksum in model.json.
        ReleaseIncompatible: model.json cannot be understood, or was made for another version of this program.
    """
    content = read_file(directory, ReleaseFile.DESCRIPTION)
    try:
        description = json.loads(content)
        _check_compatibility(description)
        release = _interpret(directory, description, hashlib.sha256(content).hexdigest())
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ReleaseIncompatible(
            f"The description of the trained model ({ReleaseFile.DESCRIPTION}) is damaged. {RESTORE_RELEASE_TEXT}"
        ) from error
    return release


def _interpret(directory: Path, description: dict[str, Any], digest: str) -> Release:
    if unsafe := [name for name in description["files"] if not PLAIN_NAME.fullmatch(name)]:
        raise ValueError(f"files: plain names expected, got {unsafe}")
    files = {name: read_verified(directory, name, sha256) for name, sha256 in description["files"].items()}
    return Release(
        directory=directory,
        version=str(description["version"]),
        network=files[ReleaseFile.CLASSIFIER],
        side=_input_side(description["input"]),
        lungs=LungNetwork(files[ReleaseFile.LUNGS], int(description["lungs"]["side"])),
        input_region=InputRegion(RegionKind(description["view"]["part"]), float(description["view"]["margin"])),
        outputs={name: tuple(shape) for name, shape in description["outputs"].items()},
        calibration=Calibration(
            float(description["calibration"]["slope"]), float(description["calibration"]["intercept"])
        ),
        operating_points=tuple(
            OperatingPoint(str(p["name"]), float(p["threshold"]), str(p["chosen"]))
            for p in description["operating_points"]
        ),
        default_operating_point=str(description["default_operating_point"]),
        conformal=_conformal_limits(description["conformal"]),
        training_prevalence=float(description["training_prevalence"]),
        map_scale=float(description["map_scale"]["value"]),
        digest=digest,
        description=description,
    )


def _conformal_limits(declared: dict[str, Any]) -> ConformalLimits:
    return ConformalLimits(
        coverage=float(declared["coverage"]),
        least_pneumonia=float(declared["least_pneumonia"]),
        most_normal=float(declared["most_normal"]),
        chosen=str(declared["chosen"]),
    )


def _check_compatibility(description: dict[str, Any]) -> None:
    """Refuse a model.json that declares what this program does not do; the format first, as the rest depends on it."""
    declared_and_expected = {
        "format": (description.get("format"), FORMAT),
        "labels": (description.get("labels"), list(map(str, LABELS))),
        "resize method": (description["input"].get("resize"), RESIZE_METHOD),
        "channels": (description["input"].get("channels"), 1),
        "value range": (description["input"].get("value_range"), [0, 255]),
        "data type": (description["input"].get("dtype"), "float32"),
    }
    for name, (declared, expected) in declared_and_expected.items():
        _require_equal(name, declared, expected)


def _input_side(declared_input: dict[str, Any]) -> int:
    """Return the height of the network's input, which must be a square."""
    side = int(declared_input["height"])
    _require_equal("width", declared_input["width"], side)
    return side


def _require_equal(name: str, declared: Any, expected: Any) -> None:
    if declared != expected:
        raise ReleaseIncompatible(
            f"The trained model does not fit this program: {name} is {declared}, expected {expected}. "
            f"{RESTORE_RELEASE_TEXT}"
        )
