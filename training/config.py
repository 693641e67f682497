"""Settings of a training run.

Each setting is one field: name, default and help text. `training.cli` makes a command-line option of each.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from model.errors import TrainingError
from model.inference.input_region import RegionKind
from model.storage import write_json

OUTPUT_STRIDES = (16, 32)


def setting(default: Any, help_text: str, former_name: str | None = None) -> Any:
    """Return a dataclass field for one setting.

    Args:
        default: Value if the option is not given; its type is the type of the setting.
        help_text: Help text of the command-line option.
        former_name: Name of the setting before it was renamed. The command line still accepts it.
    """
    return dataclasses.field(default=default, metadata={"help": help_text, "former_name": former_name})


def option_names(field: dataclasses.Field[Any]) -> list[str]:
    """Return the command-line options of a setting, the preferred one first."""
    names = [field.name, field.metadata["former_name"]]
    return [_option(name) for name in names if name]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _require_range(config: "RunConfig", low: float, high: float, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not low <= value <= high:
            raise TrainingError(f"{_option(name)} {value} cannot be used: it takes {low} to {high}.")


@dataclass(frozen=True)
class RunConfig:
    """Settings shared by all training runs.

    Raises:
        TrainingError: A value is out of range.
    """

    seed: int = setting(1, "order of the pictures, augmentation, initial weights and dropout follow from it")
    input_size: int = setting(224, "height and width of the network's input, pixels", "size")
    batch_size: int = setting(32, "pictures per step")
    epochs: int = setting(10, "most passes over the training pictures; the learning rate reaches zero at the last")
    patience: int = setting(5, "epochs without a better validation loss before training stops")
    learning_rate: float = setting(5e-4, "peak of the cosine schedule (AdamW)")
    warmup_epochs: float = setting(0.5, "epochs of linear rise to the peak")
    weight_decay: float = setting(1e-2, "decoupled weight decay (AdamW)")
    augmentation: float = setting(1.0, "strength of augmentation: 0 none, 1 full")
    workers: int = setting(2, "threads that prepare pictures")

    def __post_init__(self) -> None:
        _require_range(self, 1, 4096, "input_size", "batch_size", "epochs", "workers")
        _require_range(self, 0, 1, "augmentation")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name, as config.json and model.json hold them."""
        return dataclasses.asdict(self)

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read settings written by `save`.

        Raises:
            TrainingError: The file has other settings than this class. It was written by another version of the
                program, and a default for a missing setting might be wrong for that run.
        """
        stored = json.loads(path.read_text())
        if stored.keys() != {field.name for field in dataclasses.fields(cls)}:
            raise TrainingError(f"{path} was written by another version of this program. Begin the run anew.")
        return cls(**stored)


@dataclass(frozen=True)
class ClassifierConfig(RunConfig):
    """Settings of a training run of the classifier."""

    input_size: int = setting(192, "height and width of the network's input, pixels", "size")
    lung_network: str = setting(
        "released", "network that finds the lungs: 'released', or the folder of a `fit-lungs` run", "lungs"
    )
    region: str = setting(
        "lung box", "what the network sees of a radiograph: 'whole', 'lung box' or 'lungs alone'", "view"
    )
    margin: float = setting(0.0, "share of the lungs' width and height that is seen on each side of their box")
    backbone: str = setting(
        "imagenet", "ImageNet weights: 'imagenet' (Keras downloads them), a weights file, or 'none'"
    )
    width_multiplier: float = setting(1.0, "width multiplier of MobileNetV2; pretrained weights fit 1.0 alone", "alpha")
    output_stride: int = setting(
        32, "pixels of the input to a cell of the last feature map: 32 as published, or 16", "stride"
    )
    frozen_blocks: int = setting(0, "blocks of the backbone, of 17, that stay as they were pretrained")
    max_crop: float = setting(0.4, "largest share of what is seen that augmentation cuts away", "crop")
    mixup: float = setting(0.0, "pictures are mixed in pairs, by shares drawn from Beta(this, this); 0 mixes none")
    label_smoothing: float = setting(0.05, "0 trusts every label fully, 1 none")
    dropout: float = setting(0.2, "share of the embedding dropped before the last layer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.region not in list(RegionKind):
            raise TrainingError(f"There is no region {self.region!r}. --region takes one of: {', '.join(RegionKind)}.")
        if self.output_stride not in OUTPUT_STRIDES:
            raise TrainingError(
                f"There is no output stride {self.output_stride}. "
                f"--output-stride takes {' or '.join(map(str, OUTPUT_STRIDES))}."
            )
        _require_range(self, 0, 1, "margin", "label_smoothing")
        _require_range(self, 0, 0.9, "max_crop", "dropout")
        _require_range(self, 0, 17, "frozen_blocks")
        if self.backbone == "none" and self.frozen_blocks:
            raise TrainingError("--frozen-blocks keeps what was pretrained; with --backbone none it must be 0.")


@dataclass(frozen=True)
class LungConfig(RunConfig):
    """Settings of a training run of the lung segmentation network."""

    input_size: int = setting(128, "height and width of the network's input and map, pixels; a multiple of 16", "size")
    epochs: int = setting(12, "most passes over the training pictures; the learning rate reaches zero at the last")
    learning_rate: float = setting(2e-3, "peak of the cosine schedule (AdamW)")
    weight_decay: float = setting(1e-3, "decoupled weight decay (AdamW)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input_size % 16:
            raise TrainingError(f"--input-size {self.input_size} cannot be used: it takes a multiple of 16.")
