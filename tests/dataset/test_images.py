"""Decoding labelled images: files of any size."""

import pytest

from dataset.explorer.thumbnails import thumbnail
from dataset.images import decode_image, read_image_file
from dataset.index import LabelledImage
from model.errors import ImageTooLarge
from model.limits import MAX_BYTES


@pytest.fixture
def huge_file(tmp_path):
    """Return a file of a terabyte that takes no space on the disk."""
    path = tmp_path / "huge.jpeg"
    with path.open("wb") as file:
        file.truncate(2**40)
    return path


def test_a_file_above_the_limit_is_not_read_completely(huge_file):
    assert len(read_image_file(huge_file)) == MAX_BYTES + 1


def test_a_file_above_the_limit_is_refused_by_audit_and_explorer(huge_file):
    record = LabelledImage(**dict.fromkeys(LabelledImage.__dataclass_fields__, "") | {"path": huge_file})
    for read in (lambda: decode_image(record), lambda: thumbnail(huge_file)):
        with pytest.raises(ImageTooLarge):
            read()
