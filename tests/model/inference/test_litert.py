import math
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import model.inference.litert
from model.errors import ReleaseIncompatible
from model.inference.litert import LiteRTNetwork
from model.inference.lung_segmentation import OUTPUT
from model.inference.parallel import ordered_map
from model.inference.release_loader import load_release

ADVICE = "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
UNOPENED = f"^{re.escape(f'The trained network cannot be opened. {ADVICE}')}$"
UNFITTING = f"^{re.escape(f'The trained network and its description do not fit each other. {ADVICE}')}$"
NO_NUMBER = f"^{re.escape(f'The trained network gave no number for this picture. {ADVICE}')}$"


@pytest.fixture(scope="module")
def content():
    return load_release().lungs.network


@pytest.fixture(scope="module")
def side():
    return load_release().lungs.side


@pytest.fixture(scope="module")
def outputs(side):
    return {OUTPUT: (1, side, side)}


@pytest.fixture
def network(content, side, outputs):
    return LiteRTNetwork(content, side, outputs)


def noise(side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (1, side, side, 1)).astype(np.float32)


def test_answers_come_by_name_and_without_the_first_axis(network, side):
    answers = network(noise(side))
    assert {name: values.shape for name, values in answers.items()} == {OUTPUT: (side, side)}
    assert answers[OUTPUT].dtype == np.float32


def test_a_picture_is_left_alone_and_an_answer_outlives_the_next_one(network, side):
    picture = noise(side, 1)
    before = picture.copy()
    answer = network(picture)[OUTPUT]
    kept = answer.copy()
    network(noise(side, 2))

    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(answer, kept)


# --- a network that is not the one described


@pytest.mark.parametrize("by", [-32, -1, 1, 32])
def test_a_network_for_pictures_of_another_size_is_refused(content, side, outputs, by):
    with pytest.raises(ReleaseIncompatible, match=UNFITTING):
        LiteRTNetwork(content, side + by, outputs)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {},
        lambda outputs: {"logit": outputs[OUTPUT]},
        lambda outputs: outputs | {"logit": (1, 1)},
        lambda outputs: {OUTPUT: (*outputs[OUTPUT], 1)},
        lambda outputs: {OUTPUT: outputs[OUTPUT][1:]},
        lambda _: {OUTPUT: None},
    ],
    ids=["none", "another name", "one too many", "a fourth axis", "no batch", "no shape"],
)
def test_a_network_of_other_answers_is_refused(content, side, outputs, change):
    with pytest.raises(ReleaseIncompatible, match=UNFITTING):
        LiteRTNetwork(content, side, change(outputs))


@pytest.mark.parametrize("kept", [0, 1, 1000, 0.5, -1000])
def test_a_truncated_network_is_refused(content, side, outputs, kept):
    length = int(kept * len(content)) if isinstance(kept, float) else kept
    with pytest.raises(ReleaseIncompatible, match=UNOPENED):
        LiteRTNetwork(content[:length], side, outputs)


def test_what_is_no_network_is_refused(side, outputs):
    with pytest.raises(ReleaseIncompatible, match=UNOPENED):
        LiteRTNetwork(b"Dear colleague, " * 1000, side, outputs)


# --- answers that are no numbers


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["first", "last"])
def test_one_value_that_is_no_number_is_no_answer(network, side, monkeypatch, name, value):
    answers = {part: np.zeros((1, 3, 3), np.float32) for part in ("first", "last")}
    answers[name][0, 2, 1] = value
    monkeypatch.setattr(network, "_run", lambda **_: answers)
    with pytest.raises(ReleaseIncompatible, match=NO_NUMBER):
        network(noise(side))


# --- threads


def test_eight_threads_get_what_one_gets(network, side):
    pictures = [noise(side, seed) for seed in range(8)]
    alone = [network(picture)[OUTPUT] for picture in pictures]
    assert len({answer.tobytes() for answer in alone}) == len(pictures)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(network, pictures * 5))

    for index, answers in enumerate(together):
        np.testing.assert_array_equal(answers[OUTPUT], alone[index % len(pictures)])


@pytest.mark.parametrize("processors", [1, 3])
def test_no_more_threads_are_at_work_than_there_are_processors(content, side, outputs, monkeypatch, processors):
    monkeypatch.setattr(model.inference.litert, "usable_cpus", lambda: processors)
    network = LiteRTNetwork(content, side, outputs)
    inside, most, pause = [], [], threading.Event()

    def run(**_):
        inside.append(1)
        most.append(len(inside))
        pause.wait(0.02)
        inside.pop()
        return {OUTPUT: np.zeros((1, side, side), np.float32)}

    monkeypatch.setattr(network, "_run", run)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(network, [noise(side)] * 24))
    assert max(most) == processors


def test_an_interpreter_is_never_at_work_for_two(network, side, monkeypatch):
    at_work, pause = [], threading.Event()

    def opened():
        run = opening()

        def alone(**inputs):
            assert run not in at_work
            at_work.append(run)
            pause.wait(0.002)
            answers = run(**inputs)
            at_work.remove(run)
            return answers

        return alone

    opening = network._open
    network._free.clear()
    monkeypatch.setattr(network, "_open", opened)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(network, [noise(side)] * 24))
    assert 1 <= len(network._free) <= model.inference.parallel.usable_cpus()


# --- many pictures


def test_many_results_come_in_the_order_of_what_they_are_of():
    def work(number: int) -> int:
        threading.Event().wait(0.01 * (number % 3))
        return number

    assert list(ordered_map(work, range(40))) == list(range(40))


def test_many_items_are_taken_no_faster_than_they_are_worked_on():
    taken = []

    def items():
        for number in range(200):
            taken.append(number)
            yield number

    results = ordered_map(lambda number: number, items())
    for wanted in range(50):
        assert next(results) == wanted
        assert len(taken) <= wanted + 2 + 2 * model.inference.parallel.usable_cpus()


def test_the_first_error_of_many_comes_after_the_results_before_it_and_ends_the_rest():
    done = []

    def work(number: int) -> int:
        done.append(number)
        if number == 3:
            raise ValueError("the third")
        return number

    results = ordered_map(work, range(10_000))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(results)
    assert len(done) < 100


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_processor_threads_changes_no_answer(content, side, outputs, network, threads):
    other = LiteRTNetwork(content, side, outputs, threads)
    np.testing.assert_allclose(other(noise(side))[OUTPUT], network(noise(side))[OUTPUT], atol=1e-4)
