"""Similar training cases: order, patient groups, duplicates, distances, and the index as a file of the release."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dataset.quality.features import ImageInventory
from model.errors import ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, HASH_BITS
from model.inference.release_loader import Release, load_release
from model.inference.similar_cases import NEIGHBOURS_SHOWN, SimilarCase, SimilarCaseIndex, normalise
from model.messages import MessageCode
from model.release_files import ReleaseFile
from tests.support.inventories import make_inventory, with_bits_changed
from tests.support.messages import raises_message
from training.release.similar_case_index import build_index, save_index

CHANNELS = 16
NO_DUPLICATE = np.zeros(HASH_BITS // 8, np.uint8)  # far from every fingerprint of the index


def random_embeddings(count: int, seed: int = 0) -> np.ndarray:
    """Return embeddings like those of a network: float32 (count, CHANNELS), not negative."""
    return np.random.default_rng(seed).gamma(0.7, size=(count, CHANNELS)).astype(np.float32)


def random_inventory(count: int, **changes) -> ImageInventory:
    """Return an inventory of images with random embeddings."""
    return make_inventory([{} for _ in range(count)], embeddings=random_embeddings(count), **changes)


def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """Return the embedding that lies this share of the way from the first to the second."""
    return (1 - share) * normalise(first[np.newaxis])[0] + share * normalise(second[np.newaxis])[0]


def release_with(index: SimilarCaseIndex, folder: Path) -> Release:
    """Return a release in a folder with this index."""
    save_index(index, folder)
    files = {ReleaseFile.SIMILAR_CASES: hashlib.sha256((folder / ReleaseFile.SIMILAR_CASES).read_bytes()).hexdigest()}
    return replace(load_release(), directory=folder, checksums=files)


# --- nearest images


def test_the_nearest_images_come_first_with_their_labels():
    images = [
        {"file": f"{n}.jpeg", "label": "PNEUMONIA", "cause": "viral", "patient": f"person{n}_virus"} for n in range(30)
    ]
    inventory = make_inventory(images, embeddings=random_embeddings(30))
    index = build_index(inventory)

    cases = index.nearest(between(inventory.embeddings[7], inventory.embeddings[21], 0.1), inventory.fingerprints[7])

    assert len(cases) == NEIGHBOURS_SHOWN
    assert [case.distance for case in cases] == sorted(case.distance for case in cases)
    first = cases[0]
    assert first == SimilarCase("7.jpeg", "PNEUMONIA", "viral", "person7_virus", first.distance, is_duplicate=True)
    assert 0 < first.distance < 0.02
    assert cases[1].file != first.file


@pytest.mark.slow
@given(query=npst.arrays(np.float32, CHANNELS, elements=st.floats(0, 100, width=32)), count=st.integers(1, 40))
def test_the_nearest_images_are_returned(query, count):
    index = build_index(random_inventory(30))

    cases = index.nearest(query, NO_DUPLICATE, count=count)

    assert len(cases) == min(count, 30)
    distances = index.distances(query)
    np.testing.assert_array_equal([case.distance for case in cases], np.sort(distances)[:count].astype(float))
    assert {case.file for case in cases} == {f"{n}.jpeg" for n in np.argsort(distances, kind="stable")[:count]}


def test_images_of_the_given_group_are_excluded():
    images = [{"patient": f"person{n % 10}_{n}", "group": f"person{n % 10}"} for n in range(30)]
    inventory = make_inventory(images, embeddings=random_embeddings(30))
    index = build_index(inventory)

    for n in range(10):
        of_any_group = index.nearest(inventory.embeddings[n], inventory.fingerprints[n])
        others = index.nearest(inventory.embeddings[n], inventory.fingerprints[n], group=f"person{n}", count=30)
        assert of_any_group[0].file == f"{n}.jpeg"
        assert len(others) == 27
        assert not any(case.patient.startswith(f"person{n}_") for case in others)


def test_an_index_of_one_group_has_no_similar_case_for_that_group():
    inventory = make_inventory([{"patient": "somebody"}] * 3)

    assert build_index(inventory).nearest(inventory.embeddings[0], inventory.fingerprints[0], group="somebody") == []


@pytest.mark.parametrize(
    ("bits", "is_duplicate"), [(0, True), (DUPLICATE_MAX_BITS, True), (DUPLICATE_MAX_BITS + 1, False)]
)
def test_a_copy_of_the_query_image_is_marked(bits, is_duplicate):
    inventory = random_inventory(12)

    first, *others = build_index(inventory).nearest(
        inventory.embeddings[3], with_bits_changed(inventory.fingerprints[3], bits)
    )

    assert (first.file, first.is_duplicate) == ("3.jpeg", is_duplicate)
    assert not any(case.is_duplicate for case in others)


def test_ties_are_in_the_order_of_the_index():
    inventory = random_inventory(300)
    identical = np.flatnonzero(np.random.default_rng(1).random(300) < 0.4)
    inventory.embeddings[identical] = inventory.embeddings[identical[0]]

    cases = build_index(inventory).nearest(inventory.embeddings[identical[0]], NO_DUPLICATE, count=len(identical))

    assert [case.file for case in cases] == [f"{n}.jpeg" for n in identical]
    assert len({case.distance for case in cases}) == 1


# --- distances


activations = st.just(0.0) | st.floats(2**-10, 50, width=32)


@pytest.mark.slow
@given(
    embeddings=npst.arrays(np.float32, (12, CHANNELS), elements=activations),
    query=npst.arrays(np.float32, CHANNELS, elements=activations),
)
def test_a_distance_is_one_minus_the_cosine_within_the_rounding_of_the_codes(embeddings, query):
    """The index keeps all axes here, so only rounding causes a difference."""
    index = build_index(make_inventory([{}] * 12, embeddings=embeddings))

    rounding = np.linalg.norm(index.scale) / 2
    squares = ((normalise(embeddings) - normalise(query[np.newaxis])) ** 2).sum(axis=1)
    np.testing.assert_allclose(index.distances(query), squares / 2, atol=2 * rounding + rounding**2 / 2 + 0.005)
    if query.any():
        nonzero = embeddings.any(axis=1)
        cosine = normalise(embeddings[nonzero]) @ normalise(query[np.newaxis])[0]
        np.testing.assert_allclose(squares[nonzero] / 2, 1 - cosine, atol=1e-5)


def test_the_length_of_an_embedding_has_no_effect():
    inventory = random_inventory(12)
    index = build_index(inventory)

    np.testing.assert_allclose(
        index.distances(40 * inventory.embeddings[2]), index.distances(inventory.embeddings[2]), atol=1e-6
    )


def test_normalising_keeps_zeros():
    scaled = normalise(np.array([[3, 4], [0, 0]], np.float32))

    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0, 0]])
    assert scaled.dtype == np.float32


# --- file of the release


def test_an_index_is_the_same_after_saving_and_loading(tmp_path):
    index = build_index(random_inventory(40))

    loaded = SimilarCaseIndex.from_release(release_with(index, tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == [ReleaseFile.SIMILAR_CASES]
    for name in SimilarCaseIndex.__dataclass_fields__:
        before, after = getattr(index, name), getattr(loaded, name)
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype
    query = random_embeddings(1, seed=5)[0]
    assert loaded.nearest(query, NO_DUPLICATE) == index.nearest(query, NO_DUPLICATE)


@pytest.mark.parametrize("kept", [0, 1000, -1], ids=["emptied", "cut short", "last byte gone"])
def test_a_truncated_index_is_refused(tmp_path, kept):
    release = release_with(build_index(random_inventory(40)), tmp_path)
    (tmp_path / ReleaseFile.SIMILAR_CASES).write_bytes((tmp_path / ReleaseFile.SIMILAR_CASES).read_bytes()[:kept])

    with raises_message(ReleaseCorrupted, MessageCode.RELEASE_FILE_CHANGED, file=ReleaseFile.SIMILAR_CASES):
        SimilarCaseIndex.from_release(release)


def test_a_missing_index_is_named(tmp_path):
    release = release_with(build_index(random_inventory(40)), tmp_path)
    (tmp_path / ReleaseFile.SIMILAR_CASES).unlink()

    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_MISSING, file=ReleaseFile.SIMILAR_CASES):
        SimilarCaseIndex.from_release(release)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("codes"),
        lambda arrays: arrays.update(unknown=np.zeros(3)),
        lambda arrays: arrays.update(files=np.array([None, {}], object)),
    ],
    ids=["an array missing", "an unknown array", "pickled names"],
)
def test_an_index_in_a_different_format_is_refused(tmp_path, change):
    release_with(build_index(random_inventory(40)), tmp_path)
    with np.load(tmp_path / ReleaseFile.SIMILAR_CASES) as arrays:
        changed = dict(arrays)
    change(changed)
    np.savez_compressed(tmp_path / ReleaseFile.SIMILAR_CASES, **changed)
    files = {ReleaseFile.SIMILAR_CASES: hashlib.sha256((tmp_path / ReleaseFile.SIMILAR_CASES).read_bytes()).hexdigest()}

    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.SIMILAR_CASES):
        SimilarCaseIndex.from_release(replace(load_release(), directory=tmp_path, checksums=files))


def test_the_index_of_the_release_fits_its_classifier_and_its_training_images():
    release = load_release()
    index = SimilarCaseIndex.from_release(release)

    assert index.axes.shape[0] == release.outputs["embedding"][-1]
    dataset = release.description["populations"]["children"]["dataset"]
    assert len(index.files) == dataset["images"]["training"]
    assert len(np.unique(index.patients)) == dataset["patients"]["training"]
    assert {len(getattr(index, name)) for name in ("labels", "causes", "groups", "codes", "fingerprints")} == {
        len(index.files)
    }
    assert (release.directory / ReleaseFile.SIMILAR_CASES).stat().st_size < 2_000_000
