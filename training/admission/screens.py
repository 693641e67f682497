"""Images of a screen that shows a small radiograph: screenshots, windows of a viewer, and photographed monitors."""

import numpy as np
from PIL import Image, ImageDraw

from training.data.photographs import photograph

SCREEN_WIDTH, SCREEN_HEIGHT = 480, 320
LABEL = "Patient  Study  Series  Window"
MENU = "File  Edit  View  Tools  Window  Help"


def place_on_screen(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place a radiograph among windows, buttons and text. It covers from a tenth to a third of the screen.

    Args:
        image: uint8 (height, width).
        rng: Source of randomness.

    Returns:
        uint8 (SCREEN_HEIGHT, SCREEN_WIDTH).
    """
    screen, draw = _screen(int(rng.choice([20, 60, 200, 240])))
    for _ in range(rng.integers(4, 12)):
        x, y = int(rng.integers(0, SCREEN_WIDTH)), int(rng.integers(0, SCREEN_HEIGHT))
        right, bottom = x + int(rng.integers(10, 200)), y + int(rng.integers(6, 40))
        draw.rectangle((x, y, right, bottom), fill=int(rng.integers(256)))
        draw.text((x, y), LABEL[: rng.integers(6, 30)], fill=int(rng.integers(256)))
    side = int(rng.uniform(0.4, 0.7) * SCREEN_HEIGHT)
    position = int(rng.integers(0, SCREEN_WIDTH - side)), int(rng.integers(0, SCREEN_HEIGHT - side))
    screen.paste(Image.fromarray(image).resize((side, side)), position)
    return np.asarray(screen)


def show_in_viewer(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Show a radiograph in the window of a viewer: title, menu, toolbar, a panel with thumbnails, and text.

    Args and result: see `place_on_screen`.
    """
    dark = rng.random() < 0.7
    background, bar, ink = (15, 60, 220) if dark else (235, 200, 20)
    screen, draw = _screen(background)
    bar_height, panel_width = int(rng.integers(24, 60)), int(rng.integers(50, 130))
    draw.rectangle((0, 0, SCREEN_WIDTH, bar_height), fill=bar)
    draw.text((6, 2), MENU, fill=ink)
    for x in range(6, SCREEN_WIDTH - 20, int(rng.integers(18, 40))):
        draw.rectangle((x, bar_height // 2, x + 12, bar_height - 3), outline=ink, fill=int(rng.integers(256)))
    draw.rectangle((0, bar_height, panel_width, SCREEN_HEIGHT), fill=bar)
    film = Image.fromarray(image)
    thumbnail = panel_width - 16
    for y in range(bar_height + 8, SCREEN_HEIGHT - thumbnail, thumbnail + 14)[: rng.integers(1, 5)]:
        screen.paste(film.resize((thumbnail, thumbnail)), (8, y))
        draw.text((8, y + thumbnail), LABEL[:7], fill=ink)
    free_width, free_height = SCREEN_WIDTH - panel_width, SCREEN_HEIGHT - bar_height
    side = int(rng.uniform(0.5, 0.9) * free_height)
    left = panel_width + int(rng.integers(0, free_width - side))
    top = bar_height + int(rng.integers(0, free_height - side))
    screen.paste(film.resize((side, side)), (left, top))
    for line in range(rng.integers(1, 5)):
        draw.text((panel_width + 4, bar_height + 4 + 12 * line), LABEL[: rng.integers(6, 30)], fill=ink)
    return np.asarray(screen)


def photograph_monitor(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photograph a monitor from a distance: a room, a frame, a foot, and a radiograph on a part of the screen.

    Args and result: see `place_on_screen`.
    """
    room, draw = _screen(int(rng.integers(20, 230)))
    width, height = (int(share * side) for share, side in zip(rng.uniform(0.5, 0.8, 2), room.size, strict=True))
    left, top = int(rng.integers(0, SCREEN_WIDTH - width)), int(rng.integers(0, SCREEN_HEIGHT - height))
    middle = left + width // 2
    desk, frame = int(rng.integers(256)), int(rng.choice([10, 30, 60, 220]))
    draw.rectangle((0, int(rng.uniform(0.7, 1) * SCREEN_HEIGHT), SCREEN_WIDTH, SCREEN_HEIGHT), fill=desk)
    draw.rectangle((middle - 15, top + height, middle + 15, SCREEN_HEIGHT), fill=frame)
    draw.rectangle((left, top, left + width, top + height), fill=frame)
    bezel = int(rng.integers(4, 16))
    content = (place_on_screen, show_in_viewer)[rng.integers(2)] if rng.random() < 0.5 else _fill_screen
    shown = Image.fromarray(content(image, rng)).resize((width - 2 * bezel, height - 2 * bezel))
    room.paste(shown, (left + bezel, top + bezel))
    return np.asarray(photograph(room, rng))


def _fill_screen(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Show a radiograph in the middle of a dark screen, as high as the screen."""
    screen, _ = _screen(int(rng.integers(0, 30)))
    screen.paste(
        Image.fromarray(image).resize((SCREEN_HEIGHT, SCREEN_HEIGHT)), ((SCREEN_WIDTH - SCREEN_HEIGHT) // 2, 0)
    )
    return np.asarray(screen)


def _screen(grey: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    screen = Image.new("L", (SCREEN_WIDTH, SCREEN_HEIGHT), grey)
    return screen, ImageDraw.Draw(screen)
