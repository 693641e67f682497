"""Random augmentation that removes shortcuts but keeps the signs of disease.

In this data set, properties unrelated to the lungs predict the class: size and aspect ratio of the original file,
sharpness of the copies, letters, and collimator edges. Augmentation randomises framing, resampling, sharpness,
compression and borders, and so weakens these cues.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from model.imaging.geometry import RelativeBox

RESAMPLING_FILTERS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


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

    def __call__(self, pixels: np.ndarray, box: RelativeBox, side: int, rng: np.random.Generator) -> np.ndarray:
        """Cut out a random region around a box and change its appearance.

        Args:
            pixels: uint8 (height, width), bright = dense.
            box: Region that inference would see. The random region varies around it.
            side: Height and width of the result, pixels.
            rng: Source of randomness.

        Returns:
            uint8 (side, side).
        """
        image = Image.fromarray(pixels)
        if self.strength == 0:
            return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box.to_pixels(*pixels.shape)))
        return self.perturb_appearance(np.asarray(self._reframe(image, box, side, rng)), rng)

    def perturb_appearance(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change tone, sharpness, noise and compression, and cover parts of the image. The geometry stays the same.

        Args:
            pixels: uint8 (height, width).
            rng: Source of randomness.

        Returns:
            uint8 (height, width).
        """
        image = self._change_tone(Image.fromarray(pixels), rng)
        changes = (
            (_change_sharpness, 0.5),
            (_add_noise, 0.3),
            (_compress_as_jpeg, 0.4),
            (_cover_part, 0.4),
        )
        for change, probability in changes:
            if rng.random() < probability * self.strength:
                image = change(image, rng)
        return np.asarray(image)

    def _reframe(self, image: Image.Image, box: RelativeBox, side: int, rng: np.random.Generator) -> Image.Image:
        """Rotate slightly, crop a region, resample through a random intermediate size, and mirror."""
        if rng.random() < 0.5:
            image = image.rotate(rng.uniform(-8, 8) * self.strength, Image.Resampling.BILINEAR)
        region = _random_box(box.expanded(rng.uniform(0, 0.12) * self.strength), self.max_crop * self.strength, rng)
        edges = region.to_pixels(image.height, image.width)
        if rng.random() < 0.6 * self.strength:
            middle = round(side * float(np.exp(rng.uniform(np.log(0.45), np.log(1.6)))))
            image = image.resize((middle, middle), RESAMPLING_FILTERS[rng.integers(len(RESAMPLING_FILTERS))], edges)
            image = image.resize((side, side), RESAMPLING_FILTERS[rng.integers(len(RESAMPLING_FILTERS))])
        else:
            image = image.resize((side, side), Image.Resampling.BILINEAR, edges)
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image

    def _change_tone(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Change gamma, contrast and brightness with one look-up table."""
        gamma = np.exp(rng.uniform(-0.45, 0.45) * self.strength)
        contrast = np.exp(rng.uniform(-0.4, 0.4) * self.strength)
        brightness = rng.uniform(-30, 30) * self.strength
        grey = 255 * (np.arange(256) / 255) ** gamma
        table = (grey - 128) * contrast + 128 + brightness
        return image.point(np.clip(table, 0, 255).round().astype(np.uint8).tolist())


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
    radius = rng.uniform(0.4, 1.8)
    if rng.random() < 0.6:
        return image.filter(ImageFilter.GaussianBlur(radius))
    return image.filter(ImageFilter.UnsharpMask(radius, percent=int(rng.integers(50, 250)), threshold=0))


def _add_noise(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    noise = rng.standard_normal(image.size[::-1], dtype=np.float32) * np.float32(rng.uniform(1, 9))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _compress_as_jpeg(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(20, 95)))
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
