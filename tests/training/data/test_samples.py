"""Training samples: network inputs as in inference, masks of the opacities, and where they are known."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.adults import load_adult_index
from dataset.index import LabelledImage, load_index
from model.codes import Label, Population
from model.imaging.decode import decode
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.imaging.intensity import Intensity
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungMask, LungSegmenter
from model.release_files import ReleaseFile
from tests.support.lungs import two_lungs
from tests.support.training import LUNGS, SIZE
from training.data.samples import LUNG_SURROUNDINGS, MASK_SIDE, OVERSAMPLING, _annotated, load_samples, rasterise

pytestmark = pytest.mark.slow

EDGES = st.integers(0, MASK_SIDE * OVERSAMPLING)
LUNGS_OF_MODEL = LungMask(two_lungs(SIZE) >= 0.5, WHOLE_IMAGE)


@pytest.fixture(scope="module")
def segmenter(tiny_set) -> LungSegmenter:
    return LungSegmenter((tiny_set / LUNGS / ReleaseFile.LUNGS).read_bytes(), SIZE)


def record(label: Label, opacities: tuple[RelativeBox, ...] | None) -> LabelledImage:
    return LabelledImage(Path("file.jpg"), "train", label, "p", "p", "none", Population.ADULTS, opacities)


@pytest.mark.parametrize("intensity", Intensity)
@pytest.mark.parametrize("kind", RegionKind)
def test_network_inputs_are_those_of_inference(tiny_set, segmenter, kind, intensity):
    records, region = load_index(tiny_set)[::9], InputRegion(kind, 0.1, intensity)

    inputs = load_samples(records, segmenter, region, "images").network_inputs(region, 24)

    working_images = [working_image(decode(record.path.read_bytes())) for record in records]
    expected = np.concatenate(
        [region.network_input(working, segmenter.segment(working), 24) for working in working_images]
    )
    assert (inputs.shape, inputs.dtype) == ((len(records), 24, 24, 1), np.float32)
    # training images are rounded to whole grey values, which normalisation may amplify
    np.testing.assert_allclose(inputs, expected, atol=2 if intensity is Intensity.UNCHANGED else 8)


def test_samples_of_both_sources_have_population_cell_and_masks(tiny_set, adult_set, segmenter):
    records = load_index(tiny_set)[::5] + load_adult_index(adult_set)

    samples = load_samples(records, segmenter, InputRegion(RegionKind.LUNG_BOX, 0.0), "images")

    assert samples.images.shape == (len(records), WORKING_SIDE, WORKING_SIDE)
    assert samples.images.dtype == samples.opacities.dtype == samples.annotated.dtype == np.uint8
    assert samples.population == [record.population for record in records]
    cells = {(record.population, record.label): cell for record, cell in zip(records, samples.cell, strict=True)}
    assert cells == {
        (Population.CHILDREN, Label.NORMAL): 0,
        (Population.CHILDREN, Label.PNEUMONIA): 1,
        (Population.ADULTS, Label.NORMAL): 2,
        (Population.ADULTS, Label.PNEUMONIA): 3,
    }
    for sample, opacities, annotated in zip(records, samples.opacities, samples.annotated, strict=True):
        assert opacities.any() == bool(sample.opacities)
        assert (annotated == 255).all() == (sample.opacities is not None)


@given(EDGES, EDGES, EDGES, EDGES)
def test_a_mask_covers_exactly_its_box(left, top, right, bottom):
    left, right = sorted((left, right))
    top, bottom = sorted((top, bottom))
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    side = MASK_SIDE * OVERSAMPLING
    expected = np.zeros((side, side))
    expected[top:bottom, left:right] = 255
    expected = expected.reshape(MASK_SIDE, OVERSAMPLING, MASK_SIDE, OVERSAMPLING).mean(axis=(1, 3))

    mask = rasterise([RelativeBox(left / side, top / side, right / side, bottom / side)])

    assert (mask.shape, mask.dtype) == ((MASK_SIDE, MASK_SIDE), np.uint8)
    np.testing.assert_allclose(mask, expected, atol=1)


def test_a_mask_is_the_union_of_its_boxes():
    boxes = [RelativeBox(0.0, 0.0, 0.5, 0.5), RelativeBox(0.25, 0.25, 1.0, 0.75)]

    assert np.array_equal(rasterise(boxes), np.maximum(rasterise(boxes[:1]), rasterise(boxes[1:])))
    assert not rasterise(()).any()


@pytest.mark.parametrize(
    ("label", "opacities"), [(Label.NORMAL, ()), (Label.PNEUMONIA, (RelativeBox(0.2, 0.2, 0.4, 0.4),))]
)
def test_an_annotated_image_is_annotated_everywhere(label, opacities):
    assert (_annotated(record(label, opacities), LUNGS_OF_MODEL) == 255).all()
    assert (_annotated(record(label, opacities), None) == 255).all()


def test_pneumonia_without_boxes_has_no_weight_in_and_near_the_lungs_and_full_weight_elsewhere():
    annotated = _annotated(record(Label.PNEUMONIA, None), LUNGS_OF_MODEL)

    in_lungs = np.kron(LUNGS_OF_MODEL.fields, np.ones((MASK_SIDE // SIZE,) * 2, bool))
    assert not annotated[in_lungs].any()
    rows, columns = np.nonzero(in_lungs)
    assert annotated[rows.min() - 1, columns[rows.argmin()]] == 0
    distance = LUNG_SURROUNDINGS + MASK_SIDE // SIZE
    far = np.ones_like(in_lungs)
    far[
        max(0, rows.min() - distance) : rows.max() + distance,
        max(0, columns.min() - distance) : columns.max() + distance,
    ] = 0
    assert far.any()
    assert (annotated[far] == 255).all()


def test_pneumonia_without_boxes_has_no_weight_inside_holes_of_the_lung_mask():
    fields = np.zeros((SIZE, SIZE), bool)
    fields[2:30, 2:30] = True
    fields[8:24, 8:24] = False  # a consolidation that the segmentation missed

    annotated = _annotated(record(Label.PNEUMONIA, None), LungMask(fields, WHOLE_IMAGE))

    assert not annotated[8:56, 8:56].any()


def test_pneumonia_without_boxes_or_lungs_has_no_weight():
    assert not _annotated(record(Label.PNEUMONIA, None), None).any()
