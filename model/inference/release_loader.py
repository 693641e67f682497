"""Load and verify a release: a directory that holds one trained model.

`SHA256SUMS` lists every file, including `model.json`, with its SHA-256. No other file is parsed before all listed files
are verified, and a file that is not listed is never read. `model.json` declares input, outputs, labels, map scale, and
the decision rules of each population.

The checksums guard against corruption and mix-ups, not against an attacker who can also rewrite the checksums.
`is_shipped` says whether the release is the one that this version of the program comes with. docs/releases.md describes
signatures.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from model.codes import LABELS, Population
from model.errors import ReleaseIncompatible, ReleaseMissing
from model.imaging.intensity import Intensity
from model.imaging.preprocessing import RESIZE_METHOD
from model.inference.decision import Calibration, ConformalLimits, DecisionRules, OperatingPoint
from model.inference.input_region import InputRegion, RegionKind
from model.inference.release_schema import (
    ConformalDescription,
    InputDescription,
    PopulationDescription,
    ReleaseDescription,
)
from model.messages import MessageCode
from model.release_files import OPACITY_MAP, ReleaseFile
from model.storage import parse_checksums, read_file, read_verified, write_text

RELEASE_DIR = Path(__file__).parents[1] / "release"
# Digest of the release that this version of the program comes with, in the format of `sha256sum`.
SHIPPED_DIGEST_FILE = RELEASE_DIR.with_name("release.sha256")
FORMAT = 8  # format 7 had one population and no opacity map, 6 did not declare the intensity normalisation
# Needed to load a release. Other files are required only when they are read.
REQUIRED_FILES = (ReleaseFile.DESCRIPTION, ReleaseFile.CLASSIFIER, ReleaseFile.LUNGS)


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
        network: Bytes of the pneumonia network's LiteRT file, whose checksum was verified.
        side: Height and width of the pneumonia network's input, float32 (1, side, side, 1), 0-255, bright = dense.
        lungs: Lung network.
        input_region: The part of the radiograph that the pneumonia network sees.
        outputs: Shape of each output of the pneumonia network by name.
        populations: Decision rules of each population that the model was trained on; children are always among them.
        map_scale: Value of the class-activation map, in logits, that the heat map shows as 1.
        opacity_contour: Probability of an opacity, 0-1, on the contour of the opacity map; None without opacity map.
        checksums: SHA-256 of each file by name, from SHA256SUMS.
        digest: SHA-256 of SHA256SUMS; it changes when any file changes, so it can be a cache key.
        is_shipped: Whether this is the release that this version of the program comes with.
        description: Parsed model.json, for values that are only displayed.
    """

    directory: Path
    version: str
    network: bytes
    side: int
    lungs: LungNetwork
    input_region: InputRegion
    outputs: dict[str, tuple[int, ...]]
    populations: Mapping[Population, DecisionRules]
    map_scale: float
    opacity_contour: float | None
    checksums: dict[str, str]
    digest: str
    is_shipped: bool
    description: ReleaseDescription

    def __post_init__(self) -> None:
        if not 0 < self.map_scale < math.inf:
            raise ValueError(f"map_scale must be above 0, got {self.map_scale}")
        if Population.CHILDREN not in self.populations:
            raise ValueError(f"populations must include children, got {list(self.populations)}")
        names = {tuple(point.name for point in rules.operating_points) for rules in self.populations.values()}
        if len(names) > 1:
            raise ValueError(f"all populations must have the same operating points, got {names}")
        if self.opacity_contour is not None and not 0 < self.opacity_contour < 1:
            raise ValueError(f"opacity_contour must be between 0 and 1, got {self.opacity_contour}")

    @property
    def operating_point_names(self) -> tuple[str, ...]:
        """Names of the operating points, which are the same for each population."""
        return tuple(point.name for point in self.populations[Population.CHILDREN].operating_points)

    def read_file(self, name: str) -> bytes:
        """Read a file of the release and verify it against SHA256SUMS.

        Raises:
            ReleaseMissing: The file does not exist, or SHA256SUMS does not list it.
            ReleaseCorrupted: The file does not match its checksum.
        """
        _require_listed(self.checksums, name)
        return read_verified(self.directory, name, self.checksums[name])


def load_release(directory: Path = RELEASE_DIR) -> Release:
    """Load and verify a release.

    Raises:
        ReleaseMissing: SHA256SUMS or a file that it lists does not exist, or SHA256SUMS does not list a required file.
        ReleaseCorrupted: SHA256SUMS is malformed, or a file does not match its checksum.
        ReleaseIncompatible: model.json is invalid, or was made for a different version of this program.
    """
    listing = read_file(directory, ReleaseFile.CHECKSUMS)
    checksums = parse_checksums(listing)
    _require_listed(checksums, *REQUIRED_FILES)
    files = {name: read_verified(directory, name, sha256) for name, sha256 in checksums.items()}
    digest = hashlib.sha256(listing).hexdigest()
    try:
        description = json.loads(files[ReleaseFile.DESCRIPTION])
        _check_compatibility(description)
        return _interpret(directory, cast(ReleaseDescription, description), files, checksums, digest)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ReleaseIncompatible(MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.DESCRIPTION) from error


def shipped_digest() -> str | None:
    """Return the digest of the release that this version of the program comes with; None if it is not recorded."""
    try:
        words = SHIPPED_DIGEST_FILE.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return words[0] if words else None


def write_shipped_digest(release: Release) -> None:
    """Record the release in RELEASE_DIR as the one that this version of the program comes with."""
    write_text(SHIPPED_DIGEST_FILE, f"{release.digest}  {RELEASE_DIR.name}/{ReleaseFile.CHECKSUMS}\n")


def _require_listed(checksums: Mapping[str, str], *names: str) -> None:
    for name in names:
        if name not in checksums:
            raise ReleaseMissing(MessageCode.RELEASE_FILE_UNLISTED, file=name)


def _interpret(
    directory: Path,
    description: ReleaseDescription,
    files: Mapping[str, bytes],
    checksums: dict[str, str],
    digest: str,
) -> Release:
    return Release(
        directory=directory,
        version=str(description["version"]),
        network=files[ReleaseFile.CLASSIFIER],
        side=_input_side(description["input"]),
        lungs=LungNetwork(files[ReleaseFile.LUNGS], int(description["lungs"]["side"])),
        input_region=_input_region(description),
        outputs={name: tuple(shape) for name, shape in description["outputs"].items()},
        populations={
            Population(name): _decision_rules(declared, str(description["default_operating_point"]))
            for name, declared in description["populations"].items()
        },
        map_scale=float(description["map_scale"]["value"]),
        opacity_contour=_opacity_contour(description),
        checksums=checksums,
        digest=digest,
        is_shipped=digest == shipped_digest(),
        description=description,
    )


def _input_region(description: ReleaseDescription) -> InputRegion:
    region = description["input_region"]
    return InputRegion(RegionKind(region["kind"]), float(region["margin"]), Intensity(region["intensity"]))


def _decision_rules(declared: PopulationDescription, default_operating_point: str) -> DecisionRules:
    youngest, oldest = declared["years"]
    points = [
        OperatingPoint(str(point["name"]), float(point["threshold"]), str(point["rationale"]))
        for point in declared["operating_points"]
    ]
    return DecisionRules(
        calibration=Calibration(float(declared["calibration"]["slope"]), float(declared["calibration"]["intercept"])),
        operating_points=tuple(points),
        default_operating_point=default_operating_point,
        conformal=_conformal_limits(declared["conformal"]),
        training_prevalence=float(declared["training_prevalence"]),
        years=(int(youngest), int(oldest)),
    )


def _opacity_contour(description: ReleaseDescription) -> float | None:
    """Return the contour of the opacity map; None if the release has no opacity map.

    Raises:
        ValueError: Only one of output and contour is declared.
    """
    declared = description.get("opacity_map")
    if (declared is None) != (OPACITY_MAP not in description["outputs"]):
        raise ValueError("the output opacity_map and its contour must be declared together")
    return None if declared is None else float(declared["contour"])


def _conformal_limits(declared: ConformalDescription) -> ConformalLimits:
    return ConformalLimits(
        coverage=float(declared["coverage"]),
        pneumonia_from=float(declared["pneumonia_from"]),
        normal_up_to=float(declared["normal_up_to"]),
        rationale=str(declared["rationale"]),
    )


def _check_compatibility(description: dict[str, Any]) -> None:
    """Refuse a model.json that this program does not support. The format is checked first: the rest depends on it."""
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


def _input_side(declared_input: InputDescription) -> int:
    """Return the height of the network's input, which must be square."""
    side = int(declared_input["height"])
    _require_equal("width", declared_input["width"], side)
    return side


def _require_equal(name: str, declared: Any, expected: Any) -> None:
    if declared != expected:
        raise ReleaseIncompatible(
            MessageCode.RELEASE_INCOMPATIBLE, item=name, declared=str(declared), expected=str(expected)
        )
