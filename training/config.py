"""Everything that decides how a run turns out, in one place."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from model.errors import TrainingError
from model.inference.input_region import RegionKind
from model.storage import write_json

STRIDES = (16, 32)


def option(default: Any, help_text: str) -> Any:
    """A field with the comment that `python -m training fit --help` shows."""
    return field(default=default, metadata={"help": help_text})


def _within(config: "RunConfig", least: float, most: float, *names: str) -> None:
    for name in names:
        if not least <= getattr(config, name) <= most:
            raise TrainingError(
                f"--{name.replace('_', '-')} {getattr(config, name)} cannot be used: it takes {least} to {most}."
            )


@dataclass(frozen=True)
class RunConfig:
    """Settings that every training run has.

    Raises:
        TrainingError: a setting that cannot be used.
    """

    seed: int = option(1, "order of the pictures, augmentation, initial weights and dropout follow from it")
    size: int = option(224, "height and width of the network's input, pixels")
    batch_size: int = option(32, "pictures per step")
    epochs: int = option(10, "most passes over the training pictures; the learning rate reaches zero at the last")
    patience: int = option(5, "epochs without a better validation loss before training stops")
    learning_rate: float = option(5e-4, "peak of the cosine schedule (AdamW)")
    warmup_epochs: float = option(0.5, "epochs of linear rise to the peak")
    weight_decay: float = option(1e-2, "decoupled weight decay (AdamW)")
    augmentation: float = option(1.0, "strength of augmentation: 0 none, 1 full")
    workers: int = option(2, "threads that prepare pictures")

    def __post_init__(self) -> None:
        _within(self, 1, 4096, "size", "batch_size", "epochs", "workers")
        _within(self, 0, 1, "augmentation")

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read settings that `save` wrote.

        Raises:
            TrainingError: they are not of this kind, as those of an older program: a default might be wrong for them.
        """
        settings = json.loads(path.read_text())
        if settings.keys() != {field.name for field in dataclasses.fields(cls)}:
            raise TrainingError(f"{path} was written by another version of this program. Begin the run anew.")
        return cls(**settings)


@dataclass(frozen=True)
class ClassifierConfig(RunConfig):
    """Settings of one training run of the reader."""

    size: int = option(192, "height and width of the network's input, pixels")
    lungs: str = option("released", "network that finds the lungs: 'released', or the folder of a `lungs` run")
    view: str = option("lung box", "what the network sees of a radiograph: 'whole', 'lung box' or 'lungs alone'")
    margin: float = option(0.0, "share of the lungs' width and height that is seen on each side of their box")
    backbone: str = option("imagenet", "ImageNet weights: 'imagenet' (Keras downloads them), a weights file, or 'none'")
    alpha: float = option(1.0, "width multiplier of MobileNetV2; pretrained weights fit 1.0 alone")
    stride: int = option(32, "pixels of the input to a cell of the last feature map: 32 as published, or 16")
    frozen_blocks: int = option(0, "blocks of the backbone, of 17, that stay as they were pretrained")
    crop: float = option(0.4, "largest share of what is seen that augmentation cuts away")
    mixup: float = option(0.0, "pictures are mixed in pairs, by shares drawn from Beta(this, this); 0 mixes none")
    label_smoothing: float = option(0.05, "0 trusts every label fully, 1 none")
    dropout: float = option(0.2, "share of the embedding dropped before the last layer")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.view not in list(RegionKind):
            raise TrainingError(f"There is no view {self.view!r}. --view takes one of: {', '.join(RegionKind)}.")
        if self.stride not in STRIDES:
            raise TrainingError(
                f"There is no output stride {self.stride}. --stride takes {' or '.join(map(str, STRIDES))}."
            )
        _within(self, 0, 1, "margin", "label_smoothing")
        _within(self, 0, 0.9, "crop", "dropout")
        _within(self, 0, 17, "frozen_blocks")
        if self.backbone == "none" and self.frozen_blocks:
            raise TrainingError("--frozen-blocks keeps what was pretrained; with --backbone none it must be 0.")


@dataclass(frozen=True)
class LungConfig(RunConfig):
    """Settings of one training run of the lung network."""

    size: int = option(128, "height and width of the network's input and map, pixels; a multiple of 16")
    epochs: int = option(12, "most passes over the training pictures; the learning rate reaches zero at the last")
    learning_rate: float = option(2e-3, "peak of the cosine schedule (AdamW)")
    weight_decay: float = option(1e-3, "decoupled weight decay (AdamW)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % 16:
            raise TrainingError(f"--size {self.size} cannot be used: it takes a multiple of 16.")
