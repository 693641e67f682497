"""LiteRT network: outputs, refused files, values that are not finite, and threads."""

import math
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
from model.messages import MessageCode
from tests.support.messages import raises_message


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


def test_outputs_have_names_and_no_batch_axis(network, side):
    outputs_by_name = network(noise(side))
    assert {name: values.shape for name, values in outputs_by_name.items()} == {OUTPUT: (side, side)}
    assert outputs_by_name[OUTPUT].dtype == np.float32


def test_a_run_changes_neither_its_input_nor_earlier_outputs(network, side):
    network_input = noise(side, 1)
    input_before = network_input.copy()
    output = network(network_input)[OUTPUT]
    output_before = output.copy()
    network(noise(side, 2))

    np.testing.assert_array_equal(network_input, input_before)
    np.testing.assert_array_equal(output, output_before)


# --- networks that are not as described


@pytest.mark.parametrize("difference", [-32, -1, 1, 32])
def test_a_network_with_a_different_input_size_is_refused(content, side, outputs, difference):
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_INCOMPATIBLE):
        LiteRTNetwork(content, side + difference, outputs)


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
    ids=["none", "another name", "one too many", "fourth axis", "no batch axis", "no shape"],
)
def test_a_network_with_other_outputs_is_refused(content, side, outputs, change):
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_INCOMPATIBLE):
        LiteRTNetwork(content, side, change(outputs))


@pytest.mark.parametrize("kept", [0, 1, 1000, 0.5, -1000])
def test_a_truncated_network_is_refused(content, side, outputs, kept):
    length = int(kept * len(content)) if isinstance(kept, float) else kept
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_UNUSABLE):
        LiteRTNetwork(content[:length], side, outputs)


def test_a_file_that_is_not_a_network_is_refused(side, outputs):
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_UNUSABLE):
        LiteRTNetwork(b"Dear colleague, " * 1000, side, outputs)


# --- values that are not finite


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["first", "last"])
def test_an_output_with_a_value_that_is_not_finite_is_refused(network, side, monkeypatch, name, value):
    outputs_by_name = {part: np.zeros((1, 3, 3), np.float32) for part in ("first", "last")}
    outputs_by_name[name][0, 2, 1] = value
    monkeypatch.setattr(network, "_run", lambda **_: outputs_by_name)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_OUTPUT_INVALID):
        network(noise(side))


# --- threads


def test_eight_threads_get_the_same_outputs_as_one(network, side):
    inputs = [noise(side, seed) for seed in range(8)]
    expected = [network(network_input)[OUTPUT] for network_input in inputs]
    assert len({output.tobytes() for output in expected}) == len(inputs)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(network, inputs * 5))

    for index, outputs_by_name in enumerate(results):
        np.testing.assert_array_equal(outputs_by_name[OUTPUT], expected[index % len(inputs)])


@pytest.mark.slow
@pytest.mark.parametrize("cpus", [1, 3])
def test_at_most_one_interpreter_per_cpu_runs_at_once(content, side, outputs, monkeypatch, cpus):
    monkeypatch.setattr(model.inference.litert, "usable_cpus", lambda: cpus)
    network = LiteRTNetwork(content, side, outputs)
    running, counts, pause = [], [], threading.Event()

    def run(**_):
        running.append(1)
        counts.append(len(running))
        pause.wait(0.02)
        running.pop()
        return {OUTPUT: np.zeros((1, side, side), np.float32)}

    monkeypatch.setattr(network, "_run", run)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(network, [noise(side)] * 24))
    assert max(counts) == cpus


def test_an_interpreter_never_runs_in_two_threads_at_once(network, side, monkeypatch):
    busy, pause = [], threading.Event()

    def open_exclusive():
        run = open_interpreter()

        def run_alone(**inputs):
            assert run not in busy
            busy.append(run)
            pause.wait(0.002)
            outputs_by_name = run(**inputs)
            busy.remove(run)
            return outputs_by_name

        return run_alone

    open_interpreter = network._open
    network._idle.clear()
    monkeypatch.setattr(network, "_open", open_exclusive)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(network, [noise(side)] * 24))
    assert 1 <= len(network._idle) <= model.inference.parallel.usable_cpus()


# --- ordered map


def test_results_are_in_the_order_of_the_items():
    def work(number: int) -> int:
        threading.Event().wait(0.01 * (number % 3))
        return number

    assert list(ordered_map(work, range(40))) == list(range(40))


def test_items_are_taken_with_a_bounded_look_ahead():
    taken = []

    def items():
        for number in range(200):
            taken.append(number)
            yield number

    results = ordered_map(lambda number: number, items())
    for number in range(50):
        assert next(results) == number
        assert len(taken) <= number + 2 + 2 * model.inference.parallel.usable_cpus()


def test_an_error_comes_after_earlier_results_and_cancels_the_rest():
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
def test_the_number_of_threads_does_not_change_the_output(content, side, outputs, network, threads):
    with_threads = LiteRTNetwork(content, side, outputs, threads)
    np.testing.assert_allclose(with_threads(noise(side))[OUTPUT], network(noise(side))[OUTPUT], atol=1e-4)
