"""The labelled data sets, one for each population: origin, folder, and how to list their images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dataset.adults import adult_root, load_adult_index
from dataset.index import LabelledImage, dataset_root, load_index
from model.codes import Population
from model.translation import N_


@dataclass(frozen=True)
class Source:
    """A labelled data set.

    Attributes:
        name: Short name, to be translated.
        description: Patients, hospitals, who labelled the images, and the terms, to be translated.
        variable: Environment variable with the folder.
        root: Returns the folder, which may not exist.
        load: Lists the images in the folder. Raises `dataset.errors.DatasetUnusable`.
    """

    name: str
    description: str
    variable: str
    root: Callable[[], Path]
    load: Callable[[Path], list[LabelledImage]]

    def is_on_disk(self) -> bool:
        """Return whether the folder exists."""
        return self.root().is_dir()


SOURCES: dict[Population, Source] = {
    Population.CHILDREN: Source(
        N_("Kermany, Zhang and Goldbaum 2018"),
        N_(
            "Children aged one to five years at one hospital (Guangzhou Women and Children's Medical Center). Graders "
            "assigned the labels from the images. Patients are inferred from the file names. Licence: CC BY 4.0."
        ),
        "CHEST_XRAY_DIR",
        dataset_root,
        load_index,
    ),
    Population.ADULTS: Source(
        N_("SIIM-FISABIO-RSNA 2021"),
        N_(
            "Adults from the collections BIMCV-COVID19 and MIDRC-RICORD. The data set does not name the hospital of an "
            "image. Radiologists labelled the studies and drew boxes around opacities. For research and "
            "non-commercial use only (CC BY-NC 4.0)."
        ),
        "ADULT_XRAY_DIR",
        adult_root,
        load_adult_index,
    ),
}
