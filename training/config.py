"""Settings of a training run.

Each setting is one field with a name, a default and a help text. `training.cli` turns each field into an option.
"""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from model.errors import TrainingError
from model.imaging.intensity import Intensity
from model.inference.input_region import InputRegion, RegionKind
from model.storage import write_json

CONFIG_FILE = "config.json"  # in the folder of a run


def setting(default: Any, help_text: str, former_name: str | None = None) -> Any:
    """Return a dataclass field for one setting.

    Args:
        default: Value if the option is not given. Its type is the type of the setting.
        help_text: Help text of the command-line option.
        former_name: Name of the setting before it was renamed. The command line still accepts it.
    """
    return dataclasses.field(default=default, metadata={"help": help_text, "former_name": former_name})


def option_names(field: dataclasses.Field[Any]) -> list[str]:
    """Return the command-line options of a setting: the current name, then the former name if there is one."""
    names = [field.name, field.metadata["former_name"]]
    return [_option(name) for name in names if name]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _require_range(config: "RunConfig", low: float, high: float, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not low <= value <= high:
            raise TrainingError(f"{_option(name)} must be between {low} and {high}, not {value}.")


def _require_choice(config: "RunConfig", name: str, choices: Iterable[str]) -> None:
    value = getattr(config, name)
    if value not in list(choices):
        raise TrainingError(f"{_option(name)} must be one of {', '.join(map(repr, map(str, choices)))}, not {value!r}.")


class Sources(StrEnum):
    """Data sets to train on. Weights trained on the adults may only be used for non-commercial research."""

    CHILDREN = "children"
    CHILDREN_AND_ADULTS = "children and adults"


@dataclass(frozen=True)
class RunConfig:
    """Settings shared by all training runs.

    Raises:
        TrainingError: A value is out of range.
    """

    seed: int = setting(1, "random seed for the image order, augmentation, initial weights and dropout")
    input_size: int = setting(224, "height and width of the network input in pixels", "size")
    batch_size: int = setting(32, "images per step")
    epochs: int = setting(10, "maximum number of epochs; the learning rate reaches zero at the last one")
    patience: int = setting(5, "epochs without a better validation loss before training stops")
    learning_rate: float = setting(5e-4, "peak learning rate of the cosine schedule (AdamW)")
    warmup_epochs: float = setting(0.5, "epochs of linear warm-up to the peak learning rate")
    weight_decay: float = setting(1e-2, "decoupled weight decay (AdamW)")
    augmentation: float = setting(1.0, "strength of augmentation, from 0 (none) to 1 (full)")
    weight_average: float = setting(
        0.995, "momentum of the exponential average of the weights that is evaluated and kept; 0 keeps the last ones"
    )
    workers: int = setting(2, "threads that prepare batches")

    def __post_init__(self) -> None:
        _require_range(self, 1, 4096, "input_size", "batch_size", "epochs", "workers")
        _require_range(self, 0, 1, "augmentation")
        _require_range(self, 0, 0.9999, "weight_average")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name, as in config.json and model.json."""
        return dataclasses.asdict(self)

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read settings written by `save`.

        Raises:
            TrainingError: The file does not have exactly the settings of this class. It was written by a different
                version of the program, and a default for a missing setting might be wrong for that run.
        """
        stored = json.loads(path.read_text())
        if stored.keys() != {field.name for field in dataclasses.fields(cls)}:
            raise TrainingError(
                f"{path} was written by a different version of this program. Start a new run in another folder."
            )
        return cls(**stored)


@dataclass(frozen=True)
class ClassifierConfig(RunConfig):
    """Settings of a training run of the classifier."""

    input_size: int = setting(192, "height and width of the network input in pixels", "size")
    lung_network: str = setting(
        "released", "lung segmentation network: 'released', or the folder of a `fit-lungs` run", "lungs"
    )
    region: str = setting(
        "lung box", "part of the radiograph that the network sees: 'whole', 'lung box' or 'lungs alone'", "view"
    )
    margin: float = setting(0.04, "margin on each side of the lung box, as a share of its width or height")
    intensity: str = setting(
        "range", "normalisation of grey values in that part: 'unchanged', 'range' or 'range and median'"
    )
    sources: str = setting("children and adults", "data sets: 'children', or 'children and adults' (non-commercial)")
    children_share: float = setting(0.5, "share of children in each batch, if there are adults")
    epoch_size: int = setting(6000, "images per epoch")
    backbone: str = setting(
        "efficientnet-lite0",
        "network and ImageNet weights: 'efficientnet-lite0', 'efficientnet-lite2', 'mobilenetv2' (Keras downloads the "
        "weights), a weights file of MobileNetV2, or 'none' (MobileNetV2 without weights)",
    )
    map_weight: float = setting(1.0, "weight of the loss of the opacity map")
    max_crop: float = setting(0.4, "maximum share of the area that augmentation crops away", "crop")
    label_smoothing: float = setting(0.05, "label smoothing, from 0 (none) to 1 (labels are ignored)")
    dropout: float = setting(0.2, "dropout rate before the last layer")

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_choice(self, "region", RegionKind)
        _require_choice(self, "intensity", Intensity)
        _require_choice(self, "sources", Sources)
        _require_range(self, 0, 1, "margin", "label_smoothing")
        _require_range(self, 0, 100, "map_weight")
        _require_range(self, 0, 0.9, "max_crop", "dropout")
        _require_range(self, 0.05, 0.95, "children_share")
        _require_range(self, 1, 1_000_000, "epoch_size")
        if self.batch_size < 4 or self.batch_size % 2:
            raise TrainingError(
                f"--batch-size must be an even number of at least 4, not {self.batch_size}: a batch has as many images "
                "with as without pneumonia, of each data set."
            )

    @property
    def input_region(self) -> InputRegion:
        """Part of a radiograph that the network sees."""
        return InputRegion(RegionKind(self.region), self.margin, Intensity(self.intensity))


@dataclass(frozen=True)
class LungConfig(RunConfig):
    """Settings of a training run of the lung segmentation network."""

    input_size: int = setting(128, "height and width of the network input and mask in pixels, a multiple of 16", "size")
    epochs: int = setting(12, "maximum number of epochs; the learning rate reaches zero at the last one")
    learning_rate: float = setting(2e-3, "peak learning rate of the cosine schedule (AdamW)")
    weight_decay: float = setting(1e-3, "decoupled weight decay (AdamW)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input_size % 16:
            raise TrainingError(f"--input-size must be a multiple of 16, not {self.input_size}.")
