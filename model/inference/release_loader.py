"""One release directory is one trained model: load it whole and verified, or not at all.

`model.json` lists every file with its SHA-256 and declares input, outputs, labels, calibration, operating points and
map scale. The checksums guard against corruption and mix-ups, not against somebody who can rewrite both.
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
# 4 had no check of what may be read; 3 no index of similar cases; 2 no conformal limits; 1 no lung network.
FORMAT = 5
PLAIN_NAME = re.compile(r"\w[\w.-]*", re.ASCII)  # of a file within the release folder, and of nothing outside it


@dataclass(frozen=True)
class LungNetwork:
    """Bytes of the LiteRT file of the lung network, and the height and width of what it takes: pixels, 0-255."""

    network: bytes
    side: int


@dataclass(frozen=True)
class Release:
    """A verified release.

    network: bytes of the reader's LiteRT file, the very bytes whose checksum was verified.
    side: height and width of what it takes: float32 (1, side, side, 1), 0-255, bright = dense.
    lungs: the network that finds the lungs.
    view: what of the radiograph the reader sees.
    training_prevalence: share of pneumonia, 0-1, at which probabilities are calibrated.
    map_scale: value of the class-activation map, in logits, that is shown as 1.
    digest: SHA-256 of model.json, which holds the digests of all other files; a key for caches.
    description: model.json as it stands, for what is only shown.
    """

    directory: Path
    version: str
    network: bytes
    side: int
    lungs: LungNetwork
    view: InputRegion
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
        """The operating point of that name, or the release's default."""
        wanted = name or self.default_operating_point
        for point in self.operating_points:
            if point.name == wanted:
                return point
        raise KeyError(f"operating point {wanted!r}: this release has {[p.name for p in self.operating_points]}")

    def read_file(self, name: str) -> bytes:
        """Read one of the release's files and verify it against model.json.

        Raises:
            ReleaseMissing: the file does not exist.
            ReleaseCorrupted: its checksum differs, or model.json does not list it.
        """
        return read_verified(self.directory, name, self.description["files"].get(name, ""))


def load_release(directory: Path = RELEASE_DIR) -> Release:
    """Load and verify a release.

    Raises:
        ReleaseMissing: model.json or a file that it lists is not there.
        ReleaseAltered: a file differs from the checksum it was released with.
        ReleaseMismatch: model.json cannot be understood, or was made for another reading program.
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
    if strange := [name for name in description["files"] if not PLAIN_NAME.fullmatch(name)]:
        raise ValueError(f"files: plain names expected, got {strange}")
    files = {name: read_verified(directory, name, expected) for name, expected in description["files"].items()}
    return Release(
        directory=directory,
        version=str(description["version"]),
        network=files[ReleaseFile.CLASSIFIER],
        side=_input_side(description["input"]),
        lungs=LungNetwork(files[ReleaseFile.LUNGS], int(description["lungs"]["side"])),
        view=InputRegion(RegionKind(description["view"]["part"]), float(description["view"]["margin"])),
        outputs={name: tuple(shape) for name, shape in description["outputs"].items()},
        calibration=Calibration(
            float(description["calibration"]["slope"]), float(description["calibration"]["intercept"])
        ),
        operating_points=tuple(
            OperatingPoint(str(p["name"]), float(p["threshold"]), str(p["chosen"]))
            for p in description["operating_points"]
        ),
        default_operating_point=str(description["default_operating_point"]),
        conformal=ConformalLimits(
            *(float(description["conformal"][name]) for name in ("coverage", "least_pneumonia", "most_normal")),
            str(description["conformal"]["chosen"]),
        ),
        training_prevalence=float(description["training_prevalence"]),
        map_scale=float(description["map_scale"]["value"]),
        digest=digest,
        description=description,
    )


def _check_compatibility(description: dict[str, Any]) -> None:
    """Refuse what model.json declares and this program does not do, its format first: the rest follows from it."""
    expected = {
        "format": (description.get("format"), FORMAT),
        "labels": (description.get("labels"), list(map(str, LABELS))),
        "resize method": (description["input"].get("resize"), RESIZE_METHOD),
        "channels": (description["input"].get("channels"), 1),
        "value range": (description["input"].get("value_range"), [0, 255]),
        "data type": (description["input"].get("dtype"), "float32"),
    }
    for what, (found, wanted) in expected.items():
        _require_equal(what, found, wanted)


def _input_side(contract: dict[str, Any]) -> int:
    """Height and width of the reader's input, which is a square."""
    side = int(contract["height"])
    _require_equal("width", contract["width"], side)
    return side


def _require_equal(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise ReleaseIncompatible(
            f"The trained model does not fit this program: {what} is {found}, expected {wanted}. {RESTORE_RELEASE_TEXT}"
        )
