"""Pictures that are no chest radiograph: drawn here, or samples that come with other packages.

Each family has one making that the check is fitted on and another, of other sources, that is held out to measure it.
"""

import gzip
import importlib.util
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from model.codes import RefusalReason
from model.errors import TrainingError
from training.admission import synthetic_images as drawings
from training.admission import synthetic_scans as drawn_scans
from training.admission.corrupted_films import NegativeExample

ImageMaker = Callable[[np.random.Generator], np.ndarray]

# scikit-image (BSD; its LICENSE names each picture's, most are in the public domain) and scikit-learn (CC BY)
PHOTOGRAPHS = ("skimage/data/astronaut.png", "skimage/data/camera.png", "skimage/data/coffee.png")
PHOTOGRAPHS += ("skimage/data/motorcycle_left.png", "skimage/data/rocket.jpg", "skimage/data/coins.png")
PHOTOGRAPHS += ("skimage/data/ihc.png", "skimage/data/hubble_deep_field.jpg", "sklearn/datasets/images/china.jpg")
OTHER_PHOTOGRAPHS = ("skimage/data/chelsea.png", "skimage/data/moon.png", "skimage/data/retina.jpg")
OTHER_PHOTOGRAPHS += ("skimage/data/clock_motion.png", "skimage/data/cell.png", "sklearn/datasets/images/flower.jpg")
TEXTURES = ("skimage/data/brick.png", "skimage/data/grass.png")
OTHER_TEXTURES = ("skimage/data/gravel.png",)
FACES = "skimage/data/lfw_subset.npy"  # a hundred faces of 25 pixels, the first hundred of two
PAGES = ("skimage/data/page.png", "skimage/data/text.png")
# nilearn: the ICBM 152 average of 152 brains (Fonov et al. 2011), free to use and to hand on
BRAIN = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
GREY_MATTER = "nilearn/datasets/data/mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz"


def out_of_distribution_images(held_out: bool, count: int, rng: np.random.Generator) -> Iterator[NegativeExample]:
    """So many pictures of each family, of the makings that are held out or of those that are not.

    Raises:
        TrainingError: a package whose samples are wanted is not installed.
    """
    for family, (code, *makings) in _families().items():
        for _ in range(count):
            source, picture = makings[held_out](rng)
            yield NegativeExample(picture, family, code, source)


def _families() -> dict:
    """Family to code, making to fit on, making to measure with; a making gives a source and a picture."""
    nothing, other = RefusalReason.NOT_A_RADIOGRAPH, RefusalReason.NO_LUNGS
    return {
        "blank and gradients": (nothing, _own_images(drawings.blank), _own_images(drawings.gradient)),
        "noise": (nothing, _own_images(drawings.noise), _own_images(drawings.coloured_noise)),
        "textures": (
            nothing,
            _either_of(_crop(TEXTURES), _own_images(drawings.grating)),
            _either_of(_crop(OTHER_TEXTURES), _own_images(drawings.voronoi)),
        ),
        "drawings": (nothing, _own_images(drawings.filled_shapes), _own_images(drawings.line_drawing)),
        "drawn chests": (nothing, _own_images(drawn_scans.drawn_chest), _own_images(drawn_scans.blurred_chest)),
        "documents": (
            nothing,
            _own_images(drawings.document_page),
            _either_of(_crop(PAGES), _own_images(drawings.form)),
        ),
        "photographs": (nothing, _crop(PHOTOGRAPHS), _either_of(_crop(OTHER_PHOTOGRAPHS), _face)),
        "MR slices": (other, _either_of(_brain_slice(BRAIN, 2), _brain_slice(BRAIN, 1)), _brain_slice(GREY_MATTER, 0)),
        "drawn CT slices": (other, _own_images(drawn_scans.ct_slice), _own_images(drawn_scans.ct_slice_sharp)),
        "drawn limbs": (other, _own_images(drawn_scans.long_bone), _own_images(drawn_scans.hand)),
    }


def _own_images(draw: ImageMaker) -> Callable:
    """A drawing is a source of its own."""

    def make(rng: np.random.Generator) -> tuple[str, np.ndarray]:
        return f"drawing {rng.integers(2**62)}", draw(rng)

    return make


def _either_of(*makings: Callable) -> Callable:
    return lambda rng: makings[rng.integers(len(makings))](rng)


def _crop(names: tuple[str, ...]) -> Callable:
    """Half to all of one of these sample pictures, mirrored or not."""

    def make(rng: np.random.Generator) -> tuple[str, np.ndarray]:
        name = names[rng.integers(len(names))]
        picture = _sample(name)
        sides = (np.array(picture.shape) * rng.uniform(0.5, 1, size=2)).astype(int)
        top, left = rng.integers(0, np.array(picture.shape) - sides + 1)
        return name, picture[top : top + sides[0], left : left + sides[1]][:, :: rng.choice([1, -1])]

    return make


def _face(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A coarse face, scaled up."""
    number = int(rng.integers(100))
    pixels = np.load(_file(FACES), mmap_mode="r")[number]
    face = Image.fromarray((255 * pixels).astype(np.uint8)).resize((250, 250), Image.Resampling.BICUBIC)
    return f"{FACES}, {number}", np.asarray(face)


def _brain_slice(name: str, axis: int) -> Callable:
    """A slice of a volume across an axis, not of its outer fifths, head up."""

    def make(rng: np.random.Generator) -> tuple[str, np.ndarray]:
        volume = _volume(name)
        number = int(rng.integers(volume.shape[axis] // 5, volume.shape[axis] * 4 // 5))
        picture = np.rot90(volume.take(number, axis))
        edge = int(rng.integers(0, 20))
        return f"{name}, slice {number}", np.pad(ndimage.zoom(picture, 2, order=1), edge)

    return make


@cache
def _sample(name: str) -> np.ndarray:
    """A sample picture in grey: uint8 (height, width)."""
    with Image.open(_file(name)) as picture:
        return np.asarray(picture.convert("L"))


@cache
def _volume(name: str) -> np.ndarray:
    """A volume in NIfTI-1 (little-endian, of whole numbers of 8 bits or floats), scaled to uint8."""
    content = gzip.decompress(_file(name).read_bytes())
    shape, kind = np.frombuffer(content, "<i2", 3, 42), int(np.frombuffer(content, "<i2", 1, 70)[0])
    start = int(np.frombuffer(content, "<f4", 1, 108)[0])
    numbers = np.frombuffer(content, {2: "u1", 4: "<i2", 16: "<f4", 64: "<f8"}[kind], int(np.prod(shape)), start)
    volume = numbers.reshape(shape, order="F").astype(np.float32)
    return np.clip(255 * volume / np.quantile(volume, 0.999), 0, 255).astype(np.uint8)


def _file(name: str) -> Path:
    package, _, within = name.partition("/")
    found = importlib.util.find_spec(package)
    if found is None:
        raise TrainingError(
            f"The admission check learns from sample pictures of the Python package {package}, which is not installed. "
            "Install what requirements-dev.txt lists (`make test` does) and start the same command again."
        )
    return Path(found.submodule_search_locations[0]) / within
