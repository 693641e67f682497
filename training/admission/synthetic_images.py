"""Functions that draw images other than radiographs: uint8 (height, width), a different image at each call."""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import KDTree

IMAGE_SIDE = 256
PAGE_WORDS = (
    "dear",
    "colleague",
    "report",
    "of",
    "findings",
    "patient",
    "date",
    "ward",
    "signed",
    "invoice",
    "total",
    "page",
)


def blank(rng: np.random.Generator) -> np.ndarray:
    """Return a uniform image, with or without a frame, or a linear gradient along one axis."""
    image = np.full((IMAGE_SIDE, IMAGE_SIDE), rng.integers(256), np.uint8)
    if rng.random() < 0.3:
        return np.rot90(_to_full_range(pixel_grid()[0]), int(rng.integers(4)))
    if rng.random() < 0.5:
        edge = int(rng.integers(4, 60))
        image[edge:-edge, edge:-edge] = rng.integers(256)
    return image


def gradient(rng: np.random.Generator) -> np.ndarray:
    """Return an oblique or radial gradient, or waves along such a gradient."""
    y, x = pixel_grid()
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.hypot(x - rng.random(), y - rng.random()) if rng.random() < 0.5 else x * np.cos(angle) + y * np.sin(angle)
    return _to_full_range(ramp if rng.random() < 0.5 else np.sin(ramp * rng.uniform(2, 6)))


def noise(rng: np.random.Generator) -> np.ndarray:
    """Return independent noise (normal, uniform, or salt and pepper) at a random resolution, or blurred noise."""
    side = int(rng.choice([16, 64, 128, IMAGE_SIDE]))
    distributions = (
        lambda: rng.normal(rng.uniform(60, 190), rng.uniform(10, 80), (side, side)),
        lambda: rng.uniform(0, 255, (side, side)),
        lambda: 255.0 * (rng.random((side, side)) < rng.uniform(0.1, 0.9)),
    )
    pixels = np.clip(distributions[rng.integers(3)](), 0, 255).astype(np.uint8)
    scaled = np.asarray(Image.fromarray(pixels).resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling(rng.choice([0, 2]))))
    blurred = ndimage.gaussian_filter(scaled.astype(np.float32), rng.uniform(2, 40))
    return scaled if rng.random() < 0.7 else _to_full_range(blurred)


def coloured_noise(rng: np.random.Generator) -> np.ndarray:
    """Return clouds: noise whose power spectrum follows a power law."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(IMAGE_SIDE), np.fft.fftfreq(IMAGE_SIDE)))
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(rng.normal(size=(IMAGE_SIDE, IMAGE_SIDE))) / frequency ** rng.uniform(0.5, 2)
    return _to_full_range(np.fft.ifft2(spectrum).real)


def grating(rng: np.random.Generator) -> np.ndarray:
    """Return a set of stripes, or the product of two sets."""
    y, x = pixel_grid()
    waves = [np.sin(rng.uniform(15, 200) * (x * np.cos(a) + y * np.sin(a))) for a in rng.uniform(0, np.pi, size=2)]
    return _to_full_range(waves[0] if rng.random() < 0.5 else waves[0] * waves[1])


def voronoi(rng: np.random.Generator) -> np.ndarray:
    """Return Voronoi cells: each pixel has the grey value of its nearest seed, darkened with the distance from it."""
    seeds = rng.uniform(0, IMAGE_SIDE, (int(rng.integers(20, 300)), 2))
    distance, nearest = KDTree(seeds).query(np.moveaxis(IMAGE_SIDE * pixel_grid(), 0, -1))
    return _to_full_range(rng.uniform(0, 1, len(seeds))[nearest] - rng.uniform(0, 2) * distance / distance.max())


def filled_shapes(rng: np.random.Generator) -> np.ndarray:
    """Return filled ellipses, rectangles and polygons."""
    canvas, draw = _canvas(rng)
    for _ in range(rng.integers(2, 14)):
        left, top, width, height = rng.uniform((0, 0, 20, 20), (200, 200, 160, 160))
        box = (left, top, left + width, top + height)
        points = _random_points(int(rng.integers(3, 6)), rng)
        fill = int(rng.integers(256))
        shape = rng.integers(3)
        if shape == 0:
            draw.ellipse(box, fill=fill)
        elif shape == 1:
            draw.rectangle(box, fill=fill)
        else:
            draw.polygon(points, fill=fill)
    return np.asarray(canvas)


def line_drawing(rng: np.random.Generator) -> np.ndarray:
    """Return a drawing of lines, rings and dots."""
    canvas, draw = _canvas(rng)
    for _ in range(rng.integers(4, 25)):
        points = _random_points(int(rng.integers(2, 7)), rng)
        draw.line(points, fill=int(rng.integers(256)), width=int(rng.integers(1, 6)), joint="curve")
        x, y, radius = rng.uniform((0, 0, 2), (IMAGE_SIDE, IMAGE_SIDE, 60))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=int(rng.integers(256)), width=2)
    return np.asarray(canvas)


def document_page(rng: np.random.Generator) -> np.ndarray:
    """Return lines of text, dark on light or light on dark."""
    paper, ink = (int(rng.integers(200, 256)), int(rng.integers(60)))[:: rng.choice([1, -1])]
    canvas = Image.new("L", (300, 400), paper)
    draw, font_size, y = ImageDraw.Draw(canvas), float(rng.uniform(8, 24)), 10.0
    while y < 390:
        draw.text((rng.uniform(5, 30), y), " ".join(rng.choice(PAGE_WORDS, 9)), fill=ink, font_size=font_size)
        y += font_size * rng.choice([1.2, 1.2, 1.2, 2.5])
    return np.asarray(canvas)


def form(rng: np.random.Generator) -> np.ndarray:
    """Return a bar chart, or a form: ruled cells with numbers."""
    canvas = Image.new("L", (360, 280), 255)
    draw = ImageDraw.Draw(canvas)
    if rng.random() < 0.5:
        for x in range(20, 340, 30):
            draw.rectangle((x, int(rng.integers(40, 240)), x + 20, 250), fill=int(rng.integers(40, 200)))
        draw.line((15, 20, 15, 250, 350, 250), fill=0, width=2)
        return np.asarray(canvas)
    row_height, column_width = int(rng.integers(16, 40)), int(rng.integers(40, 90))
    for y in range(10, 270, row_height):
        draw.line((10, y, 350, y), fill=0)
        for x in range(10, 350, column_width):
            draw.line((x, 10, x, 270), fill=0)
            draw.text((x + 4, y + 2), str(rng.integers(10000)), fill=40, font_size=float(rng.uniform(8, 13)))
    return np.asarray(canvas)


def pixel_grid() -> np.ndarray:
    """Return the y and x coordinates of each pixel, 0-1: float (2, IMAGE_SIDE, IMAGE_SIDE)."""
    grid: np.ndarray = np.mgrid[0 : 1 : IMAGE_SIDE * 1j, 0 : 1 : IMAGE_SIDE * 1j]
    return grid


def _canvas(rng: np.random.Generator) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (IMAGE_SIDE, IMAGE_SIDE), int(rng.integers(256)))
    return canvas, ImageDraw.Draw(canvas)


def _random_points(count: int, rng: np.random.Generator) -> list[tuple[float, ...]]:
    return [tuple(point) for point in rng.uniform(0, IMAGE_SIDE, (count, 2))]


def _to_full_range(values: np.ndarray) -> np.ndarray:
    """Scale values linearly to uint8, 0-255."""
    low, high = values.min(), values.max()
    scaled: np.ndarray = 255 * (values - low) / max(high - low, 1e-9)
    return scaled.astype(np.uint8)
