"""Files of many kinds for `python -m model read`, and its message on a lost worker process."""

from tests.support.synthetic import phantom_file, synthetic_file

FILES = {
    "film.png": phantom_file(),
    "film.jpg": phantom_file("JPEG", 224, 224, 1),
    "not admitted.png": synthetic_file(height=70, width=90),
    "small.png": synthetic_file(height=8, width=8),
    "broken.jpg": phantom_file("JPEG", 224, 224)[:2000],
    "empty.png": b"",
    "letter.png": b"Dear colleague,",
}
WORKER_LOST_TEXT = (
    "One of the processes that read the files was ended from outside, most likely because memory ran out. The rows so "
    "far are complete. Close other programs, or name fewer files at a time, and start the same command again."
)
