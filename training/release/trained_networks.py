"""Trained networks to package, from a finished run or from a release."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from model.errors import TrainingError
from model.inference.input_region import InputRegion
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from training.config import CONFIG_FILE, ClassifierConfig, Sources

TRAINED_FILES = (ReleaseFile.CLASSIFIER_KERAS, ReleaseFile.HISTORY, ReleaseFile.LUNGS_KERAS, ReleaseFile.LUNGS)


@dataclass(frozen=True)
class TrainedNetworks:
    """Trained networks and their training settings.

    Attributes:
        directory: Folder that contains TRAINED_FILES.
        settings: Settings of the run, as in model.json.
        side: Height and width, in pixels, of the pneumonia network's input.
        input_region: Part of the radiograph that the pneumonia network sees.
        has_opacity_map: Whether the network learned an opacity map from boxes that radiologists drew.
    """

    directory: Path
    settings: Mapping[str, Any]
    side: int
    input_region: InputRegion
    has_opacity_map: bool

    @property
    def sources(self) -> Sources:
        """Data sets that the networks were trained on; networks that do not say so were trained on children."""
        return Sources(self.settings.get("sources", Sources.CHILDREN))

    @classmethod
    def from_run(cls, run: Path) -> Self:
        """Return the networks from a finished run.

        Raises:
            TrainingError: The run is not finished.
        """
        if not (run / ReleaseFile.CLASSIFIER_KERAS).exists():
            raise TrainingError(
                f"{run} contains no finished training run. Finish it with "
                f"`python -m training fit-classifier --run {run}`."
            )
        config = ClassifierConfig.load(run / CONFIG_FILE)
        names_without_folder = {
            "backbone": Path(config.backbone).name,
            "lung_network": Path(config.lung_network).name,
        }
        return cls(
            run,
            config.to_dict() | names_without_folder,
            config.input_size,
            config.input_region,
            has_opacity_map=Sources(config.sources) is Sources.CHILDREN_AND_ADULTS,  # only adults have boxes
        )

    @classmethod
    def from_release(cls, directory: Path) -> Self:
        """Return the networks from a release.

        Raises:
            ReleaseError: The release is damaged or incomplete.
        """
        release = load_release(directory)
        for name in TRAINED_FILES:
            release.read_file(name)  # verifies the checksum
        has_opacity_map = release.opacity_contour is not None
        return cls(directory, release.description["training"], release.side, release.input_region, has_opacity_map)
