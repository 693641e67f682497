"""Images that are not chest radiographs: synthetic images, and sample images from other Python packages.

Each family has two generators with different sources. The check is fitted on the first and evaluated on the second.
"""

import gzip
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from model.codes import RefusalReason
from model.errors import TrainingError
from training.admission import synthetic_images, synthetic_scans
from training.admission.corrupted_radiographs import NegativeExample

ImageMaker = Callable[[np.random.Generator], np.ndarray]
Generator = Callable[[np.random.Generator], tuple[str, np.ndarray]]  # returns source and image, uint8

# scikit-image: BSD; its LICENSE lists the licence of each image. Most are in the public domain. scikit-learn: CC BY.
PHOTOGRAPHS: tuple[str, ...] = (
    "skimage/data/astronaut.png",
    "skimage/data/camera.png",
    "skimage/data/coffee.png",
    "skimage/data/motorcycle_left.png",
    "skimage/data/rocket.jpg",
    "skimage/data/coins.png",
    "skimage/data/ihc.png",
    "skimage/data/hubble_deep_field.jpg",
    "sklearn/datasets/images/china.jpg",
)
HELD_OUT_PHOTOGRAPHS: tuple[str, ...] = (
    "skimage/data/chelsea.png",
    "skimage/data/moon.png",
    "skimage/data/retina.jpg",
    "skimage/data/clock_motion.png",
    "skimage/data/cell.png",
    "sklearn/datasets/images/flower.jpg",
)
TEXTURES = ("skimage/data/brick.png", "skimage/data/grass.png")
HELD_OUT_TEXTURES = ("skimage/data/gravel.png",)
FACES = "skimage/data/lfw_subset.npy"  # 200 images of 25 x 25 pixels; the first 100 are faces
PAGES = ("skimage/data/page.png", "skimage/data/text.png")
# nilearn: ICBM 152, the average of 152 brains (Fonov et al. 2011), free to use and redistribute
BRAIN = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
GREY_MATTER = "nilearn/datasets/data/mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz"


@dataclass(frozen=True)
class ImageFamily:
    """A kind of inadmissible image.

    Attributes:
        reason: Expected reason for the refusal.
        fitted: Generator of the images that the check is fitted on.
        held_out: Generator of the images that the check is evaluated on.
    """

    reason: RefusalReason
    fitted: Generator
    held_out: Generator


def out_of_distribution_images(held_out: bool, count: int, rng: np.random.Generator) -> Iterator[NegativeExample]:
    """Yield images of every family.

    Args:
        held_out: True for the generators that the check is evaluated on, False for those that it is fitted on.
        count: Number of images in each family.
        rng: Source of randomness.

    Raises:
        TrainingError: A package with sample images is not installed.
    """
    for name, family in families().items():
        generate = family.held_out if held_out else family.fitted
        for _ in range(count):
            source, image = generate(rng)
            yield NegativeExample(image, name, family.reason, source)


def families() -> dict[str, ImageFamily]:
    """Return the families by name."""
    not_a_radiograph, no_lungs = RefusalReason.NOT_A_RADIOGRAPH, RefusalReason.NO_LUNGS
    return {
        "blank images and gradients": ImageFamily(
            not_a_radiograph, _synthetic(synthetic_images.blank), _synthetic(synthetic_images.gradient)
        ),
        "noise": ImageFamily(
            not_a_radiograph, _synthetic(synthetic_images.noise), _synthetic(synthetic_images.coloured_noise)
        ),
        "textures": ImageFamily(
            not_a_radiograph,
            _either(_random_crop(TEXTURES), _synthetic(synthetic_images.grating)),
            _either(_random_crop(HELD_OUT_TEXTURES), _synthetic(synthetic_images.voronoi)),
        ),
        "drawings": ImageFamily(
            not_a_radiograph, _synthetic(synthetic_images.filled_shapes), _synthetic(synthetic_images.line_drawing)
        ),
        "synthetic chest radiographs": ImageFamily(
            not_a_radiograph, _synthetic(synthetic_scans.drawn_chest), _synthetic(synthetic_scans.blurred_chest)
        ),
        "documents": ImageFamily(
            not_a_radiograph,
            _synthetic(synthetic_images.document_page),
            _either(_random_crop(PAGES), _synthetic(synthetic_images.form)),
        ),
        "photographs": ImageFamily(
            not_a_radiograph, _random_crop(PHOTOGRAPHS), _either(_random_crop(HELD_OUT_PHOTOGRAPHS), _face)
        ),
        "MR slices": ImageFamily(
            no_lungs,
            _either(_brain_slice(BRAIN, 2), _brain_slice(BRAIN, 1)),
            _brain_slice(GREY_MATTER, 0),
        ),
        "synthetic CT slices": ImageFamily(
            no_lungs, _synthetic(synthetic_scans.ct_slice), _synthetic(synthetic_scans.ct_slice_sharp)
        ),
        "synthetic limb radiographs": ImageFamily(
            no_lungs, _synthetic(synthetic_scans.long_bone), _synthetic(synthetic_scans.hand)
        ),
    }


def _synthetic(make_image: ImageMaker) -> Generator:
    """Return a generator of synthetic images. Each image counts as a separate source."""

    def generate(rng: np.random.Generator) -> tuple[str, np.ndarray]:
        return f"drawing {rng.integers(2**62)}", make_image(rng)

    return generate


def _either(*generators: Generator) -> Generator:
    """Return a generator that uses one of several generators, chosen at random at each call."""
    return lambda rng: generators[rng.integers(len(generators))](rng)


def _random_crop(names: tuple[str, ...]) -> Generator:
    """Return a generator of random crops of sample images, mirrored or not. Each side keeps at least half its size."""

    def generate(rng: np.random.Generator) -> tuple[str, np.ndarray]:
        name = names[rng.integers(len(names))]
        image = _load_sample(name)
        sides = (np.array(image.shape) * rng.uniform(0.5, 1, size=2)).astype(int)
        top, left = rng.integers(0, np.array(image.shape) - sides + 1)
        return name, image[top : top + sides[0], left : left + sides[1]][:, :: rng.choice([1, -1])]

    return generate


def _face(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """Return a low-resolution face, scaled up."""
    number = int(rng.integers(100))
    pixels = np.load(_sample_path(FACES), mmap_mode="r")[number]
    face = Image.fromarray((255 * pixels).astype(np.uint8)).resize((250, 250), Image.Resampling.BICUBIC)
    return f"{FACES}, {number}", np.asarray(face)


def _brain_slice(name: str, axis: int) -> Generator:
    """Return a generator of slices through a volume, head up. The outer fifths of the axis are left out."""

    def generate(rng: np.random.Generator) -> tuple[str, np.ndarray]:
        volume = _load_volume(name)
        number = int(rng.integers(volume.shape[axis] // 5, volume.shape[axis] * 4 // 5))
        image = np.rot90(volume.take(number, axis))
        border = int(rng.integers(0, 20))
        return f"{name}, slice {number}", np.pad(ndimage.zoom(image, 2, order=1), border)

    return generate


@cache
def _load_sample(name: str) -> np.ndarray:
    """Load a sample image in greyscale: uint8 (height, width)."""
    with Image.open(_sample_path(name)) as image:
        return np.asarray(image.convert("L"))


@cache
def _load_volume(name: str) -> np.ndarray:
    """Load a NIfTI-1 volume (little-endian; uint8, int16, float32 or float64) and scale it to uint8."""
    content = gzip.decompress(_sample_path(name).read_bytes())
    shape, data_type = np.frombuffer(content, "<i2", 3, 42), int(np.frombuffer(content, "<i2", 1, 70)[0])
    start = int(np.frombuffer(content, "<f4", 1, 108)[0])
    dtype = {2: "u1", 4: "<i2", 16: "<f4", 64: "<f8"}[data_type]
    values = np.frombuffer(content, dtype, int(np.prod(shape)), start)
    volume = values.reshape(shape, order="F").astype(np.float32)
    scaled: np.ndarray = np.clip(255 * volume / np.quantile(volume, 0.999), 0, 255)
    return scaled.astype(np.uint8)


def _sample_path(name: str) -> Path:
    package, _, path_in_package = name.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise TrainingError(
            f"The admission check is trained on sample images from the Python package {package}, which is not "
            "installed. Install the packages in requirements-dev.txt (`make test` does so) and run the same command "
            "again."
        )
    return Path(spec.submodule_search_locations[0]) / path_in_package
