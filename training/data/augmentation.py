"""Random augmentation that removes shortcuts but keeps the signs of disease.

In this data set, properties unrelated to the lungs predict the class: size and aspect ratio of the original file,
sharpness of the copies, letters, and collimator edges. Augmentation randomises framing, resampling, sharpness,
compression and borders, and so weakens these cues.
"""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from model.imaging.geometry import RelativeBox
from training.data.photographs import photograph

RESAMPLING_FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)

MAX_TILT = 0.04  # shift of each corner
_CORNERS = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])  # in the order that Pillow expects
MAX_JITTER = 0.08  # of each edge, as a share of the width or height of the region


@dataclass(frozen=True)
class Reframing:
    """Random geometry of one augmented image. Its masks are transformed in the same way.

    Attributes:
        angle: Rotation in degrees, counterclockwise.
        tilt: Shift of the four corners, from the upper left counterclockwise, in x and y as shares of width and height,
            as if a radiograph had been photographed with a tilted camera and then straightened; None for no tilt.
        region: Region that is cut out after the rotation.
        intermediate_side: Height and width in pixels that the region is resampled through; None resamples it once.
        filters: Filters of the two resampling steps.
        mirrored: Whether left and right are exchanged.
    """

    angle: float
    tilt: np.ndarray | None
    region: RelativeBox
    intermediate_side: int | None
    filters: tuple[Image.Resampling, Image.Resampling]
    mirrored: bool

    @classmethod
    def draw(cls, box: RelativeBox, side: int, strength: float, max_crop: float, rng: np.random.Generator) -> Self:
        """Draw a random geometry.

        Args:
            box: Region that inference would see. The random region varies around it.
            side: Height and width of the result, pixels.
            strength: From 0 (no change) to 1 (full).
            max_crop: Maximum share of the area that is cropped away.
            rng: Source of randomness.
        """
        jittered = _jittered(box, MAX_JITTER * strength, rng)
        resampled = rng.random() < 0.6 * strength
        intermediate = round(side * float(np.exp(rng.uniform(np.log(0.3), np.log(1.6))))) if resampled else None
        first, second = (RESAMPLING_FILTERS[number] for number in rng.integers(len(RESAMPLING_FILTERS), size=2))
        return cls(
            angle=rng.uniform(-8, 8) * strength if rng.random() < 0.5 else 0.0,
            tilt=rng.uniform(-MAX_TILT, MAX_TILT, size=(4, 2)) * strength if rng.random() < 0.1 * strength else None,
            region=_random_box(jittered, max_crop * strength, rng),
            intermediate_side=intermediate,
            filters=(first, second),
            mirrored=bool(strength > 0 and rng.random() < 0.5),
        )

    def apply(self, pixels: np.ndarray, side: int) -> np.ndarray:
        """Transform an image, uint8 (height, width), and return uint8 (side, side)."""
        image, edges = self._turned(pixels), self.region.to_pixels(*pixels.shape)
        if self.intermediate_side is None:
            image = image.resize((side, side), Image.Resampling.BILINEAR, edges)
        else:
            image = image.resize((self.intermediate_side,) * 2, self.filters[0], edges)
            image = image.resize((side, side), self.filters[1])
        return self._mirror(np.asarray(image))

    def apply_to_mask(self, mask: np.ndarray, side: int) -> np.ndarray:
        """Transform a mask, uint8 (height, width), and return the covered share of each cell, uint8 (side, side)."""
        image, edges = self._turned(mask), self.region.to_pixels(*mask.shape)
        return self._mirror(np.asarray(image.resize((side, side), Image.Resampling.BOX, edges)))

    def _turned(self, pixels: np.ndarray) -> Image.Image:
        """Rotate and tilt."""
        image = Image.fromarray(pixels)
        if self.angle:
            image = image.rotate(self.angle, Image.Resampling.BILINEAR)
        if self.tilt is None:
            return image
        corners = (_CORNERS + self.tilt) * image.size
        return image.transform(image.size, Image.Transform.QUAD, corners.ravel().tolist(), Image.Resampling.BILINEAR)

    def _mirror(self, pixels: np.ndarray) -> np.ndarray:
        return pixels[:, ::-1] if self.mirrored else pixels


@dataclass(frozen=True)
class Augmenter:
    """Applies a random combination of changes at each call.

    Attributes:
        strength: From 0 (no change) to 1 (full). Scales the changes of tone and geometry, and the probability of each
            other change.
        max_crop: Maximum share of the area that is cropped away.
    """

    strength: float = 1.0
    max_crop: float = 0.4

    def reframing(self, box: RelativeBox, side: int, rng: np.random.Generator) -> Reframing:
        """Draw a random geometry, see `Reframing.draw`."""
        return Reframing.draw(box, side, self.strength, self.max_crop, rng)

    def perturb_appearance(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change tone, sharpness, noise and compression, and cover parts of the image. The geometry stays the same.

        Args:
            pixels: uint8 (height, width).
            rng: Source of randomness.

        Returns:
            uint8 (height, width).
        """
        if self.strength == 0:
            return pixels
        image = self._change_tone(Image.fromarray(pixels), rng)
        changes = (
            (photograph, 0.1),
            (_change_sharpness, 0.5),
            (_add_noise, 0.3),
            (_compress_as_jpeg, 0.4),
            (_cover_part, 0.4),
        )
        for change, probability in changes:
            if rng.random() < probability * self.strength:
                image = change(image, rng)
        return np.asarray(image)

    def _change_tone(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Change gamma, contrast and brightness with one look-up table."""
        gamma = np.exp(rng.uniform(-0.6, 0.6) * self.strength)
        contrast = np.exp(rng.uniform(-0.9, 0.5) * self.strength)
        brightness = rng.uniform(-60, 60) * self.strength
        grey = 255 * (np.arange(256) / 255) ** gamma
        table = (grey - 128) * contrast + 128 + brightness
        return image.point(np.clip(table, 0, 255).round().astype(np.uint8).tolist())


def _jittered(box: RelativeBox, jitter: float, rng: np.random.Generator) -> RelativeBox:
    """Move each edge of a box by up to a share of its width or height, within the image."""
    width, height = box.right - box.left, box.bottom - box.top
    left, top, right, bottom = rng.uniform(-jitter, jitter, size=4) * [width, height, width, height]
    return RelativeBox(
        max(0.0, box.left + left), max(0.0, box.top + top), min(1.0, box.right + right), min(1.0, box.bottom + bottom)
    )


def _random_box(box: RelativeBox, max_loss: float, rng: np.random.Generator) -> RelativeBox:
    """Return a random part of a box.

    The part keeps between 1 - max_loss and all of the area. Its aspect ratio changes by a random factor.
    """
    area = 1 - rng.uniform(0, max_loss)
    stretch = np.exp(rng.uniform(-0.5, 0.5) * max_loss)
    box_width, box_height = box.right - box.left, box.bottom - box.top
    width = min(1.0, float(np.sqrt(area * stretch))) * box_width
    height = min(1.0, float(np.sqrt(area / stretch))) * box_height
    left, top = box.left + rng.uniform(0, box_width - width), box.top + rng.uniform(0, box_height - height)
    return RelativeBox(left, top, left + width, top + height)


def _change_sharpness(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    radius, kind = rng.uniform(0.4, 2.2), rng.random()
    if kind < 0.45:
        return image.filter(ImageFilter.GaussianBlur(radius))
    if kind < 0.6:
        return _blur_in_one_direction(image, rng)
    return image.filter(ImageFilter.UnsharpMask(radius, percent=int(rng.integers(50, 250)), threshold=0))


def _blur_in_one_direction(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blur along a random line of up to seven pixels, as if something had moved."""
    kernel, length = np.zeros((5, 5)), rng.uniform(1.0, 2.5)
    angle = rng.uniform(0, np.pi)
    steps = np.linspace(-length, length, 16)
    line = np.rint(2 + np.outer([np.sin(angle), np.cos(angle)], steps)).astype(int)
    np.add.at(kernel, tuple(line), 1)
    return image.filter(ImageFilter.Kernel((5, 5), kernel.ravel().tolist(), kernel.sum()))


def _add_noise(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    noise = rng.standard_normal(image.size[::-1], dtype=np.float32) * np.float32(rng.uniform(1, 14))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _compress_as_jpeg(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(12, 95)))
    return Image.open(buffer).convert("L")


def _cover_part(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Draw bars at the borders, one block anywhere, or the letters of a side marker."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    grey = int(rng.choice([0, 255, int(rng.integers(256))]))
    draw_cover = (_draw_border_bars, _draw_block, _draw_side_marker)[rng.integers(3)]
    draw_cover(draw, image.width, image.height, grey, rng)
    return image


def _draw_border_bars(draw: ImageDraw.ImageDraw, width: int, height: int, grey: int, rng: np.random.Generator) -> None:
    left, right, top, bottom = rng.uniform(0.02, 0.12, size=4)
    bars = (
        (0, 0, left * width, height),
        ((1 - right) * width, 0, width, height),
        (0, 0, width, top * height),
        (0, (1 - bottom) * height, width, height),
    )
    for bar in bars:
        if rng.random() < 0.5:
            draw.rectangle(bar, fill=grey)


def _draw_block(draw: ImageDraw.ImageDraw, width: int, height: int, grey: int, rng: np.random.Generator) -> None:
    block_width, block_height = sides = rng.uniform(0.08, 0.25, size=2)
    left, top = rng.uniform(0, 1 - sides)
    draw.rectangle((left * width, top * height, (left + block_width) * width, (top + block_height) * height), fill=grey)


def _draw_side_marker(draw: ImageDraw.ImageDraw, width: int, height: int, grey: int, rng: np.random.Generator) -> None:
    position = (rng.choice([0.02, 0.85]) * width, rng.uniform(0, 0.9) * height)
    draw.text(position, str(rng.choice(["R", "L", "AP", "PA"])), fill=grey, font_size=rng.uniform(0.06, 0.14) * height)
