"""Similar training cases: nearest first, nobody of the patient's own group, copies marked; the index as released."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dataset.quality.features import ImageInventory
from model.errors import RESTORE_RELEASE_TEXT, ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, HASH_BITS
from model.inference.release_loader import Release, load_release
from model.inference.similar_cases import NEIGHBOURS_SHOWN, SimilarCase, SimilarCaseIndex, normalise
from model.release_files import ReleaseFile
from tests.support.inventories import survey_of, with_bits_changed
from training.release.similar_case_index import build_index, save_index

CHANNELS = 16
ELSEWHERE = np.zeros(HASH_BITS // 8, np.uint8)  # a fingerprint like none


def embedded(count: int, seed: int = 0) -> np.ndarray:
    """Embeddings as a network has them: float32 (count, CHANNELS), none below 0."""
    return np.random.default_rng(seed).gamma(0.7, size=(count, CHANNELS)).astype(np.float32)


def films(count: int, **more) -> ImageInventory:
    return survey_of([{} for _ in range(count)], embeddings=embedded(count), **more)


def between(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * normalise(one[np.newaxis])[0] + share * normalise(other[np.newaxis])[0]


def released(index: SimilarCaseIndex, folder: Path) -> Release:
    save_index(index, folder)
    files = {ReleaseFile.SIMILAR_CASES: hashlib.sha256((folder / ReleaseFile.SIMILAR_CASES).read_bytes()).hexdigest()}
    project = load_release()
    return replace(project, directory=folder, description=project.description | {"files": files})


# --- who is near


def test_the_nearest_come_first_with_all_that_is_known_of_them():
    pictures = [
        {"file": f"{n}.jpeg", "label": "PNEUMONIA", "cause": "viral", "patient": f"person{n}_virus"} for n in range(30)
    ]
    of = survey_of(pictures, embeddings=embedded(30))
    index = build_index(of)

    found = index.nearest(between(of.embeddings[7], of.embeddings[21], 0.1), of.fingerprints[7])

    assert len(found) == NEIGHBOURS_SHOWN
    assert [one.distance for one in found] == sorted(one.distance for one in found)
    first = found[0]
    assert first == SimilarCase("7.jpeg", "PNEUMONIA", "viral", "person7_virus", first.distance, same_film=True)
    assert 0 < first.distance < 0.02
    assert found[1].file != first.file


@given(query=npst.arrays(np.float32, CHANNELS, elements=st.floats(0, 100, width=32)), count=st.integers(1, 40))
def test_no_picture_is_nearer_than_those_that_are_named(query, count):
    index = build_index(films(30))

    found = index.nearest(query, ELSEWHERE, count=count)

    assert len(found) == min(count, 30)
    distances = index.distances(query)
    np.testing.assert_array_equal([one.distance for one in found], np.sort(distances)[:count].astype(float))
    assert {one.file for one in found} == {f"{n}.jpeg" for n in np.argsort(distances, kind="stable")[:count]}


def test_nobody_of_the_patients_own_group_is_named():
    pictures = [{"patient": f"person{n % 10}_{n}", "group": f"person{n % 10}"} for n in range(30)]
    of = survey_of(pictures, embeddings=embedded(30))
    index = build_index(of)

    for n in range(10):
        anybody = index.nearest(of.embeddings[n], of.fingerprints[n])
        others = index.nearest(of.embeddings[n], of.fingerprints[n], group=f"person{n}", count=30)
        assert anybody[0].file == f"{n}.jpeg"
        assert len(others) == 27
        assert not any(one.patient.startswith(f"person{n}_") for one in others)


def test_where_the_index_holds_none_but_the_patients_own_there_is_no_neighbour():
    of = survey_of([{"patient": "somebody"}] * 3)

    assert build_index(of).nearest(of.embeddings[0], of.fingerprints[0], group="somebody") == []


@pytest.mark.parametrize(("bits", "same"), [(0, True), (DUPLICATE_MAX_BITS, True), (DUPLICATE_MAX_BITS + 1, False)])
def test_a_copy_of_the_picture_at_hand_is_marked(bits, same):
    of = films(12)

    first, *others = build_index(of).nearest(of.embeddings[3], with_bits_changed(of.fingerprints[3], bits))

    assert (first.file, first.same_film) == ("3.jpeg", same)
    assert not any(one.same_film for one in others)


def test_pictures_at_the_same_distance_come_in_the_order_of_the_index():
    of = films(300)
    alike = np.flatnonzero(np.random.default_rng(1).random(300) < 0.4)
    of.embeddings[alike] = of.embeddings[alike[0]]

    found = build_index(of).nearest(of.embeddings[alike[0]], ELSEWHERE, count=len(alike))

    assert [one.file for one in found] == [f"{n}.jpeg" for n in alike]
    assert len({one.distance for one in found}) == 1


# --- distances


activations = st.just(0.0) | st.floats(2**-10, 50, width=32)


@given(
    embeddings=npst.arrays(np.float32, (12, CHANNELS), elements=activations),
    query=npst.arrays(np.float32, CHANNELS, elements=activations),
)
def test_a_distance_is_one_less_the_cosine_within_the_rounding_of_the_codes(embeddings, query):
    """All axes are kept here, so that nothing but rounding is lost."""
    index = build_index(survey_of([{}] * 12, embeddings=embeddings))

    rounding = np.linalg.norm(index.scale) / 2
    squares = ((normalise(embeddings) - normalise(query[np.newaxis])) ** 2).sum(axis=1)
    np.testing.assert_allclose(index.distances(query), squares / 2, atol=2 * rounding + rounding**2 / 2 + 0.005)
    if query.any():
        lit = embeddings.any(axis=1)
        cosine = normalise(embeddings[lit]) @ normalise(query[np.newaxis])[0]
        np.testing.assert_allclose(squares[lit] / 2, 1 - cosine, atol=1e-5)


def test_the_length_of_an_embedding_does_not_matter():
    of = films(12)
    index = build_index(of)

    np.testing.assert_allclose(index.distances(40 * of.embeddings[2]), index.distances(of.embeddings[2]), atol=1e-6)


def test_scaling_to_length_one_leaves_nothing_as_nothing():
    scaled = normalise(np.array([[3, 4], [0, 0]], np.float32))

    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0, 0]])
    assert scaled.dtype == np.float32


# --- as a file of the release


def test_an_index_comes_out_of_its_release_as_it_went_in(tmp_path):
    index = build_index(films(40))

    again = SimilarCaseIndex.from_release(released(index, tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == [ReleaseFile.SIMILAR_CASES]
    for name in SimilarCaseIndex.__dataclass_fields__:
        before, after = getattr(index, name), getattr(again, name)
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype
    query = embedded(1, seed=5)[0]
    assert again.nearest(query, ELSEWHERE) == index.nearest(query, ELSEWHERE)


@pytest.mark.parametrize("kept", [0, 1000, -1], ids=["emptied", "cut short", "last byte gone"])
def test_a_truncated_index_is_refused(tmp_path, kept):
    release = released(build_index(films(40)), tmp_path)
    (tmp_path / ReleaseFile.SIMILAR_CASES).write_bytes((tmp_path / ReleaseFile.SIMILAR_CASES).read_bytes()[:kept])

    sentence = f"The trained model is not the one that was released: {ReleaseFile.SIMILAR_CASES} has changed. {RESTORE_RELEASE_TEXT}"
    with pytest.raises(ReleaseCorrupted, match=f"^{re.escape(sentence)}$"):
        SimilarCaseIndex.from_release(release)


def test_a_missing_index_is_named(tmp_path):
    release = released(build_index(films(40)), tmp_path)
    (tmp_path / ReleaseFile.SIMILAR_CASES).unlink()

    sentence = f"The trained model is incomplete: {ReleaseFile.SIMILAR_CASES} is missing. {RESTORE_RELEASE_TEXT}"
    with pytest.raises(ReleaseMissing, match=f"^{re.escape(sentence)}$"):
        SimilarCaseIndex.from_release(release)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("codes"),
        lambda arrays: arrays.update(of_another_program=np.zeros(3)),
        lambda arrays: arrays.update(files=np.array([None, {}], object)),
    ],
    ids=["an array missing", "an unknown array", "pickled names"],
)
def test_an_index_of_another_program_is_told(tmp_path, change):
    released(build_index(films(40)), tmp_path)
    with np.load(tmp_path / ReleaseFile.SIMILAR_CASES) as arrays:
        changed = dict(arrays)
    change(changed)
    np.savez_compressed(tmp_path / ReleaseFile.SIMILAR_CASES, **changed)
    files = {ReleaseFile.SIMILAR_CASES: hashlib.sha256((tmp_path / ReleaseFile.SIMILAR_CASES).read_bytes()).hexdigest()}

    with pytest.raises(ReleaseIncompatible) as raised:
        SimilarCaseIndex.from_release(replace(load_release(), directory=tmp_path, description={"files": files}))
    assert str(raised.value) == f"The index of similar cases cannot be opened. {RESTORE_RELEASE_TEXT}"


def test_the_index_of_the_projects_own_release_fits_its_reader_and_its_training_pictures():
    release = load_release()
    index = SimilarCaseIndex.from_release(release)

    assert index.axes.shape[0] == release.outputs["embedding"][-1]
    assert len(index.files) == release.description["dataset"]["pictures"]["training"]
    assert len(np.unique(index.patients)) == release.description["dataset"]["patients"]["training"]
    assert {len(getattr(index, name)) for name in ("labels", "causes", "groups", "codes", "fingerprints")} == {
        len(index.files)
    }
    assert (release.directory / ReleaseFile.SIMILAR_CASES).stat().st_size < 2_000_000
