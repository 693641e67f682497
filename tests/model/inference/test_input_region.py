import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from model.inference.input_region import InputRegion, RegionKind, dilated_lung_mask, mask_outside_lungs
from model.inference.lung_segmentation import LungMask, lung_box

IN_A_BOX = (RegionKind.LUNG_BOX, RegionKind.LUNGS_ALONE)


def two_lungs(side: int = 64) -> LungMask:
    """Two fields with a gap between them, off the middle of the radiograph."""
    fields = np.zeros((side, side), bool)
    rows = slice(side // 4, 5 * side // 8)
    fields[rows, side // 4 : 3 * side // 8] = fields[rows, side // 2 : 3 * side // 4] = True
    return LungMask(fields, lung_box(fields))


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 255, (height, width)).astype(np.float32)


# --- which box is seen


@given(margin=st.floats(0, 1))
def test_the_whole_radiograph_is_seen_whatever_its_lungs(margin):
    assert InputRegion(RegionKind.WHOLE, margin).box(two_lungs()) == WHOLE_IMAGE


@pytest.mark.parametrize("part", IN_A_BOX)
def test_the_box_of_the_lungs_is_seen_with_its_margin(part):
    box = InputRegion(part, 0.1).box(two_lungs())
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.2, 0.2125, 0.8, 0.6625))
    assert InputRegion(part, 0).box(two_lungs()) == RelativeBox(0.25, 0.25, 0.75, 0.625)


@pytest.mark.parametrize("part", RegionKind)
def test_without_lungs_the_whole_radiograph_is_seen_as_it_is(part):
    view, working = InputRegion(part, 0.1), noise(50, 50)
    assert view.box(None) == WHOLE_IMAGE
    np.testing.assert_array_equal(view.network_input(working, None, 50)[0, :, :, 0], working)


# --- what is left of the picture


@pytest.mark.parametrize("part", [RegionKind.WHOLE, RegionKind.LUNG_BOX])
def test_the_picture_around_the_lungs_is_kept_where_the_part_is_no_field(part):
    working = noise(80, 80)
    np.testing.assert_array_equal(InputRegion(part, 0.1).mask(working, two_lungs()), working)


def test_of_the_lungs_alone_the_rest_is_dark():
    working = noise(80, 80)
    shown = InputRegion(RegionKind.LUNGS_ALONE, 0.1).mask(working, two_lungs())
    np.testing.assert_array_equal(shown, mask_outside_lungs(working, two_lungs()))
    assert (shown == 0).mean() > 0.5


@given(side=st.integers(16, 90), height=st.integers(16, 120), width=st.integers(16, 120))
def test_dark_outside_keeps_the_lungs_and_blackens_what_lies_far_from_them(side, height, width):
    lungs, picture = two_lungs(side), noise(height, width)
    shown = mask_outside_lungs(picture, lungs)

    assert shown.shape == picture.shape
    assert shown.dtype == np.float32
    kept = shown != 0
    np.testing.assert_array_equal(shown[kept], picture[kept])
    y, x = (np.arange(size) + 0.5 for size in (height, width))
    rows, columns = (y / height * side).astype(int), (x / width * side).astype(int)
    assert kept[lungs.fields[np.ix_(rows, columns)]].all()
    reach = 0.03 + 3 / side + 3 / min(height, width)  # the room, and what cells and pixels blur
    beside = (x / width < lungs.box.left - reach) | (x / width > lungs.box.right + reach)
    above_or_below = (y / height < lungs.box.top - reach) | (y / height > lungs.box.bottom + reach)
    assert not kept[:, beside].any()
    assert not kept[above_or_below].any()


def test_the_gap_between_the_lungs_is_dark_and_their_edge_has_a_little_room():
    near = dilated_lung_mask(two_lungs(200), 200, 200)
    across = near[100]
    assert set(np.unique(near)) == {0, 1}
    assert across[50:75].all()
    assert across[100:150].all()
    assert across[[46, 78, 96, 153]].all()  # within 3 % of the side
    assert not across[[40, 84, 90, 160]].any()


# --- what the network gets


@given(
    part=st.sampled_from(RegionKind),
    margin=st.floats(0, 1),
    side=st.integers(8, 60),
    found=st.sampled_from([two_lungs(), None]),
)
def test_a_look_is_a_batch_of_one_grey_picture_of_the_box(part, margin, side, found):
    view, working = InputRegion(part, margin), noise(70, 70)
    look = view.network_input(working, found, side)

    assert look.shape == (1, side, side, 1)
    assert look.dtype == np.float32
    assert 0 <= look.min() <= look.max() <= 255
    shown = mask_outside_lungs(working, found) if part is RegionKind.LUNGS_ALONE and found else working
    np.testing.assert_array_equal(look[0, :, :, 0], resize(shown, side, side, view.box(found)))


def test_the_box_fills_the_look_and_left_stays_left():
    across, down = np.meshgrid(np.arange(200, dtype=np.float32), np.arange(200, dtype=np.float32))
    view, lungs = InputRegion(RegionKind.LUNG_BOX, 0), two_lungs()
    shares = (np.arange(20) + 0.5) / 20

    columns = view.network_input(across, lungs, 20)[0, 10, :, 0]
    np.testing.assert_allclose(columns, 200 * (0.25 + 0.5 * shares) - 0.5, atol=0.05)
    rows = view.network_input(down, lungs, 20)[0, :, 10, 0]
    np.testing.assert_allclose(rows, 200 * (0.25 + 0.375 * shares) - 0.5, atol=0.05)


def test_looking_leaves_the_working_picture_alone():
    working = noise(80, 80)
    before = working.copy()
    InputRegion(RegionKind.LUNGS_ALONE, 0.1).network_input(working, two_lungs(), 40)
    np.testing.assert_array_equal(working, before)


@pytest.mark.parametrize("part", RegionKind)
def test_a_film_of_twice_as_many_pixels_gives_the_same_view(part):
    large = noise(1000, 1200)
    small = large.reshape(500, 2, 600, 2).mean(axis=(1, 3), dtype=np.float32)
    fields = np.zeros((50, 50), bool)
    fields[20:30, 10:20] = True
    lungs, view = LungMask(fields, lung_box(fields)), InputRegion(part, 0.1)

    looks = [view.network_input(working_image(Radiograph(film, "PNG", 8)), lungs, 96) for film in (large, small)]
    assert np.abs(looks[0] - looks[1]).mean() < 2
    if part is not RegionKind.WHOLE:  # cut from the films themselves, the larger one would be the sharper
        cuts = [view.network_input(film, lungs, 96) for film in (large, small)]
        assert np.abs(cuts[0] - cuts[1]).mean() > 4
