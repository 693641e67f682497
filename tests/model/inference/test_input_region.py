"""Input region: box, mask, and the network input that is cropped to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from model.inference.input_region import InputRegion, RegionKind, dilated_lung_mask, mask_outside_lungs
from model.inference.lung_segmentation import LungMask, lung_box

KINDS_WITH_BOX = (RegionKind.LUNG_BOX, RegionKind.LUNGS_ALONE)


def two_lungs(side: int = 64) -> LungMask:
    """Return two lung fields with a gap between them, off the centre of the radiograph."""
    fields = np.zeros((side, side), bool)
    rows = slice(side // 4, 5 * side // 8)
    fields[rows, side // 4 : 3 * side // 8] = fields[rows, side // 2 : 3 * side // 4] = True
    return LungMask(fields, lung_box(fields))


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 255, (height, width)).astype(np.float32)


# --- box


@given(margin=st.floats(0, 1))
def test_the_whole_region_ignores_lungs_and_margin(margin):
    assert InputRegion(RegionKind.WHOLE, margin).box(two_lungs()) == WHOLE_IMAGE


@pytest.mark.parametrize("kind", KINDS_WITH_BOX)
def test_the_lung_box_has_the_margin(kind):
    box = InputRegion(kind, 0.1).box(two_lungs())
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.2, 0.2125, 0.8, 0.6625))
    assert InputRegion(kind, 0).box(two_lungs()) == RelativeBox(0.25, 0.25, 0.75, 0.625)


@pytest.mark.parametrize("kind", RegionKind)
def test_without_lungs_the_region_is_the_unmasked_whole_radiograph(kind):
    region, working = InputRegion(kind, 0.1), noise(50, 50)
    assert region.box(None) == WHOLE_IMAGE
    np.testing.assert_array_equal(region.network_input(working, None, 50)[0, :, :, 0], working)


# --- mask


@pytest.mark.parametrize("kind", [RegionKind.WHOLE, RegionKind.LUNG_BOX])
def test_only_the_lungs_alone_kind_is_masked(kind):
    working = noise(80, 80)
    np.testing.assert_array_equal(InputRegion(kind, 0.1).mask(working, two_lungs()), working)


def test_lungs_alone_input_is_black_outside_the_lungs():
    working = noise(80, 80)
    masked = InputRegion(RegionKind.LUNGS_ALONE, 0.1).mask(working, two_lungs())
    np.testing.assert_array_equal(masked, mask_outside_lungs(working, two_lungs()))
    assert (masked == 0).mean() > 0.5


@given(side=st.integers(16, 90), height=st.integers(16, 120), width=st.integers(16, 120))
def test_masking_keeps_the_lungs_and_blackens_pixels_far_from_them(side, height, width):
    lungs, image = two_lungs(side), noise(height, width)
    masked = mask_outside_lungs(image, lungs)

    assert masked.shape == image.shape
    assert masked.dtype == np.float32
    kept = masked != 0
    np.testing.assert_array_equal(masked[kept], image[kept])
    y, x = (np.arange(size) + 0.5 for size in (height, width))
    rows, columns = (y / height * side).astype(int), (x / width * side).astype(int)
    assert kept[lungs.fields[np.ix_(rows, columns)]].all()
    reach = 0.03 + 3 / side + 3 / min(height, width)  # the margin, and the size of cells and pixels
    left_or_right = (x / width < lungs.box.left - reach) | (x / width > lungs.box.right + reach)
    above_or_below = (y / height < lungs.box.top - reach) | (y / height > lungs.box.bottom + reach)
    assert not kept[:, left_or_right].any()
    assert not kept[above_or_below].any()


def test_the_dilated_mask_has_a_margin_and_leaves_the_gap_between_the_lungs():
    mask = dilated_lung_mask(two_lungs(200), 200, 200)
    row = mask[100]
    assert set(np.unique(mask)) == {0, 1}
    assert row[50:75].all()
    assert row[100:150].all()
    assert row[[46, 78, 96, 153]].all()  # within 3% of the side
    assert not row[[40, 84, 90, 160]].any()


# --- network input


@given(
    kind=st.sampled_from(RegionKind),
    margin=st.floats(0, 1),
    side=st.integers(8, 60),
    lungs=st.sampled_from([two_lungs(), None]),
)
def test_a_network_input_is_a_batch_of_one_grey_image_of_the_box(kind, margin, side, lungs):
    region, working = InputRegion(kind, margin), noise(70, 70)
    network_input = region.network_input(working, lungs, side)

    assert network_input.shape == (1, side, side, 1)
    assert network_input.dtype == np.float32
    assert 0 <= network_input.min() <= network_input.max() <= 255
    masked = mask_outside_lungs(working, lungs) if kind is RegionKind.LUNGS_ALONE and lungs else working
    np.testing.assert_array_equal(network_input[0, :, :, 0], resize(masked, side, side, region.box(lungs)))


def test_the_box_fills_the_network_input_without_flipping():
    across, down = np.meshgrid(np.arange(200, dtype=np.float32), np.arange(200, dtype=np.float32))
    region, lungs = InputRegion(RegionKind.LUNG_BOX, 0), two_lungs()
    positions = (np.arange(20) + 0.5) / 20

    columns = region.network_input(across, lungs, 20)[0, 10, :, 0]
    np.testing.assert_allclose(columns, 200 * (0.25 + 0.5 * positions) - 0.5, atol=0.05)
    rows = region.network_input(down, lungs, 20)[0, :, 10, 0]
    np.testing.assert_allclose(rows, 200 * (0.25 + 0.375 * positions) - 0.5, atol=0.05)


def test_the_working_image_is_not_changed():
    working = noise(80, 80)
    before = working.copy()
    InputRegion(RegionKind.LUNGS_ALONE, 0.1).network_input(working, two_lungs(), 40)
    np.testing.assert_array_equal(working, before)


@pytest.mark.parametrize("kind", RegionKind)
def test_the_network_input_does_not_depend_on_the_size_of_the_radiograph(kind):
    large = noise(1000, 1200)
    small = large.reshape(500, 2, 600, 2).mean(axis=(1, 3), dtype=np.float32)
    fields = np.zeros((50, 50), bool)
    fields[20:30, 10:20] = True
    lungs, region = LungMask(fields, lung_box(fields)), InputRegion(kind, 0.1)

    working_images = [working_image(Radiograph(pixels, "PNG", 8)) for pixels in (large, small)]
    of_large, of_small = (region.network_input(working, lungs, 96) for working in working_images)
    assert np.abs(of_large - of_small).mean() < 2
    if kind is not RegionKind.WHOLE:  # a crop from the radiograph itself would be sharper in the larger one
        of_large, of_small = (region.network_input(pixels, lungs, 96) for pixels in (large, small))
        assert np.abs(of_large - of_small).mean() > 4
