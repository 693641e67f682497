"""Training samples: images, input regions, and where radiologists saw opacities."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from tqdm import tqdm

from dataset.index import LabelledImage
from model.codes import POPULATIONS, Population
from model.imaging.geometry import RelativeBox, resize
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.input_region import InputRegion
from model.inference.lung_segmentation import LungMask, LungSegmenter
from training.data.loading import load_images, targets

MASK_SIDE = 64  # pixels; finer than any opacity map, and fifty thousand masks still fit in memory
OVERSAMPLING = 4  # of the masks, so that the edges of boxes cover cells partly
LUNG_SURROUNDINGS = 6  # pixels of a mask around the lungs where an opacity may still lie


@dataclass(frozen=True, eq=False)
class TrainingSamples:
    """Images with everything that training needs to know about them.

    Attributes:
        images: uint8 (n, WORKING_SIDE, WORKING_SIDE), 0-255, bright = dense.
        boxes: Region of each image that inference sees.
        target: float32 (n, 1), 1 for pneumonia.
        population: Population of each image.
        cell: Number of the combination of population and label, int (n,).
        opacities: uint8 (n, MASK_SIDE, MASK_SIDE), 255 inside the boxes that radiologists drew.
        annotated: uint8 (n, MASK_SIDE, MASK_SIDE), 255 in areas that are known to have an opacity or none. If nobody
            looked for opacities, these are only outside the lungs.
    """

    images: np.ndarray
    boxes: Sequence[RelativeBox]
    target: np.ndarray
    population: Sequence[Population]
    cell: np.ndarray
    opacities: np.ndarray
    annotated: np.ndarray

    def network_inputs(self, region: InputRegion, side: int) -> np.ndarray:
        """Return the network inputs, as in inference: float32 (n, side, side, 1), 0-255."""
        pairs = zip(self.images, self.boxes, strict=True)
        return np.stack([region.crop(image.astype(np.float32), box, side) for image, box in pairs])[..., np.newaxis]


def load_samples(
    records: Sequence[LabelledImage], segmenter: LungSegmenter, region: InputRegion, description: str
) -> TrainingSamples:
    """Load images, segment their lungs and rasterise their annotations.

    Args:
        records: Images to load.
        segmenter: Lung segmentation.
        region: Input region of the classifier.
        description: Label of the progress bar.

    Raises:
        TrainingError: An image cannot be read. The message names the file.
    """
    images, masks = load_images_with_lungs(records, segmenter, description)
    target = targets(records)
    population = [record.population for record in records]
    population_number = np.array([POPULATIONS.index(name) for name in population])
    return TrainingSamples(
        np.stack([region.mask(image, lungs) for image, lungs in zip(images, masks, strict=True)]).astype(np.uint8),
        [region.box(lungs) for lungs in masks],
        target,
        population,
        2 * population_number + target[:, 0].astype(int),
        np.stack([rasterise(record.opacities or ()) for record in records]),
        np.stack([_annotated(record, lungs) for record, lungs in zip(records, masks, strict=True)]),
    )


def load_images_with_lungs(
    records: Sequence[LabelledImage], segmenter: LungSegmenter, description: str
) -> tuple[np.ndarray, list[LungMask | None]]:
    """Load images and segment their lungs.

    Returns:
        Working images, uint8 (n, WORKING_SIDE, WORKING_SIDE), and the lungs of each, None if none were found.

    Raises:
        TrainingError: An image cannot be read. The message names the file.
    """
    images = load_images(records, WORKING_SIDE, description)[..., 0]
    with ThreadPoolExecutor() as pool:
        segmented = pool.map(lambda image: segmenter.segment(image.astype(np.float32)), images)
        return images, list(tqdm(segmented, f"{description}: lungs", total=len(images), unit="image", leave=False))


def rasterise(boxes: Sequence[RelativeBox]) -> np.ndarray:
    """Return a mask of boxes, uint8 (MASK_SIDE, MASK_SIDE), 255 inside and the covered share of 255 at the edges."""
    oversampled = Image.new("L", (OVERSAMPLING * MASK_SIDE,) * 2)
    draw = ImageDraw.Draw(oversampled)
    for box in boxes:
        left, top, right, bottom = box.to_pixels(oversampled.height, oversampled.width)
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=255)
    return np.asarray(oversampled.reduce(OVERSAMPLING))


def _annotated(record: LabelledImage, lungs: LungMask | None) -> np.ndarray:
    """Return the areas that are known to have an opacity or none, see `TrainingSamples.annotated`."""
    if record.opacities is not None:
        return np.full((MASK_SIDE, MASK_SIDE), 255, np.uint8)
    if lungs is None:
        return np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    fields = resize(lungs.fields.astype(np.float32), MASK_SIDE, MASK_SIDE) > 0
    near_lungs = ndimage.binary_dilation(ndimage.binary_fill_holes(fields), iterations=LUNG_SURROUNDINGS)
    return np.where(near_lungs, 0, 255).astype(np.uint8)
