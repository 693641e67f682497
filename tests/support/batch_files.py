"""Files of many kinds for `python -m model read`."""

from tests.support.synthetic import phantom_file, synthetic_file

FILES = {
    "chest.png": phantom_file(),
    "chest.jpg": phantom_file("JPEG", 224, 224, 1),
    "not admitted.png": synthetic_file(height=70, width=90),
    "small.png": synthetic_file(height=8, width=8),
    "broken.jpg": phantom_file("JPEG", 224, 224)[:2000],
    "empty.png": b"",
    "letter.png": b"Dear colleague,",
}
