"""Random changes that leave the disease and take the shortcuts away.

In this set the class shows without any lung: in the size of the original file, in its aspect ratio, in the sharpness
of the copies, in letters and collimator edges. Framing, scaling kernels, sharpness, compression and borders are
therefore drawn at random, so that they stop telling anything.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from model.imaging.geometry import RelativeBox

KERNELS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


@dataclass(frozen=True)
class Augmenter:
    """Draws and applies one random change per call; `strength` 0 gives the picture back as it is, 1 is full.

    Strength scales how far tone and geometry go and how often each further change happens. `crop` is the largest share
    of the area that is cut away.
    """

    strength: float = 1.0
    crop: float = 0.4

    def __call__(self, pixels: np.ndarray, box: RelativeBox, side: int, rng: np.random.Generator) -> np.ndarray:
        """Change one picture and cut out a part of it.

        Args:
            pixels: uint8 (height, width), bright = dense.
            box: the part that a reading would see; what is cut out varies around it.
            side: of the result.
            rng: draws the change.

        Returns:
            uint8 (side, side).
        """
        picture = Image.fromarray(pixels)
        if self.strength == 0:
            return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box.to_pixels(*pixels.shape)))
        return self.change_look(np.asarray(self._reframe(picture, box, side, rng)), rng)

    def change_look(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change tone, sharpness, noise, compression and what covers the picture, but move nothing."""
        picture = self._retone(Image.fromarray(pixels), rng)
        for change, probability in ((_resharpen, 0.5), (_add_noise, 0.3), (_recompress, 0.4), (_mask, 0.4)):
            if rng.random() < probability * self.strength:
                picture = change(picture, rng)
        return np.asarray(picture)

    def _reframe(self, picture: Image.Image, box: RelativeBox, side: int, rng: np.random.Generator) -> Image.Image:
        """Rotate a little, cut out a part, mirror, and scale down or up and back with two random kernels."""
        if rng.random() < 0.5:
            picture = picture.rotate(rng.uniform(-8, 8) * self.strength, Image.Resampling.BILINEAR)
        edges = _random_box(box.expanded(rng.uniform(0, 0.12) * self.strength), self.crop * self.strength, rng)
        cut_out = edges.to_pixels(picture.height, picture.width)
        if rng.random() < 0.6 * self.strength:
            middle = round(side * float(np.exp(rng.uniform(np.log(0.45), np.log(1.6)))))
            picture = picture.resize((middle, middle), KERNELS[rng.integers(len(KERNELS))], cut_out)
            picture = picture.resize((side, side), KERNELS[rng.integers(len(KERNELS))])
        else:
            picture = picture.resize((side, side), Image.Resampling.BILINEAR, cut_out)
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else picture

    def _retone(self, picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Change gamma, contrast and brightness with one look-up table."""
        gamma = np.exp(rng.uniform(-0.45, 0.45) * self.strength)
        contrast = np.exp(rng.uniform(-0.4, 0.4) * self.strength)
        brightness = rng.uniform(-30, 30) * self.strength
        grey = 255 * (np.arange(256) / 255) ** gamma
        table = (grey - 128) * contrast + 128 + brightness
        return picture.point(np.clip(table, 0, 255).round().astype(np.uint8).tolist())


def _random_box(box: RelativeBox, most_lost: float, rng: np.random.Generator) -> RelativeBox:
    """A part of the box that keeps between 1 - most_lost and all of its area, sides stretched by up to a fifth."""
    area = 1 - rng.uniform(0, most_lost)
    stretch = np.exp(rng.uniform(-0.5, 0.5) * most_lost)
    across, down = box.right - box.left, box.bottom - box.top
    width = min(1.0, float(np.sqrt(area * stretch))) * across
    height = min(1.0, float(np.sqrt(area / stretch))) * down
    left, top = box.left + rng.uniform(0, across - width), box.top + rng.uniform(0, down - height)
    return RelativeBox(left, top, left + width, top + height)


def _resharpen(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    radius = rng.uniform(0.4, 1.8)
    if rng.random() < 0.6:
        return picture.filter(ImageFilter.GaussianBlur(radius))
    return picture.filter(ImageFilter.UnsharpMask(radius, percent=int(rng.integers(50, 250)), threshold=0))


def _add_noise(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    noise = rng.standard_normal(picture.size[::-1], dtype=np.float32) * np.float32(rng.uniform(1, 9))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _recompress(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(20, 95)))
    return Image.open(buffer).convert("L")


def _mask(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Paint a border bar, a block anywhere, or a letter of a side marker."""
    picture = picture.copy()
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    grey = int(rng.choice([0, 255, rng.integers(256)]))
    kind = rng.integers(3)
    if kind == 0:
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
    elif kind == 1:
        side = rng.uniform(0.08, 0.25, size=2)
        left, top = rng.uniform(0, 1 - side)
        draw.rectangle((left * width, top * height, (left + side[0]) * width, (top + side[1]) * height), fill=grey)
    else:
        place = (rng.choice([0.02, 0.85]) * width, rng.uniform(0, 0.9) * height)
        draw.text(place, str(rng.choice(["R", "L", "AP", "PA"])), fill=grey, font_size=rng.uniform(0.06, 0.14) * height)
    return picture
