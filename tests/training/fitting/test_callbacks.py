"""What callbacks change in training: dropout masks, the average of the weights, names of metrics."""

import keras
import numpy as np
import pytest

from training.fitting.callbacks import PlainMetricNames, SeededDropout, WeightAverage

pytestmark = pytest.mark.slow


def test_dropout_depends_on_seed_and_epoch():
    model = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5, seed=1)])
    callback = SeededDropout(seed=9)
    callback.set_model(model)

    def apply_dropout(epoch: int, steps_before: int) -> np.ndarray:
        for _ in range(steps_before):
            model(np.ones((1, 50)), training=True)
        callback.on_epoch_begin(epoch)
        return np.asarray(model(np.ones((1, 50)), training=True))

    assert np.array_equal(apply_dropout(3, steps_before=0), apply_dropout(3, steps_before=5))
    assert not np.array_equal(apply_dropout(3, steps_before=0), apply_dropout(4, steps_before=0))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_average_is_validated_and_the_trained_weights_are_trained(momentum):
    """Compare with a run without average: the average of its weights, and their loss."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 3)).astype(np.float32), rng.normal(size=(24, 1)).astype(np.float32)
    x_validation, y_validation = x[::-1] + 1, y[::-1]

    class Recorder(keras.callbacks.Callback):
        def on_train_batch_end(self, *_, **__):
            trained.append(self.model.get_weights())

    def fit(callbacks: list[keras.callbacks.Callback]) -> tuple[keras.Model, list[float]]:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
        trained.append(model.get_weights())
        validation = (x_validation, y_validation)
        history = model.fit(
            x, y, batch_size=8, epochs=2, shuffle=False, validation_data=validation, verbose=0, callbacks=callbacks
        )
        return model, history.history["val_loss"]

    trained: list[list[np.ndarray]] = []
    model, _ = fit([Recorder()])
    (expected, *updates), trained = trained, []
    losses = []
    for step, weights in enumerate(updates, start=1):
        expected = [momentum * a + (1 - momentum) * w for a, w in zip(expected, weights, strict=True)]
        if step % 3 == 0:  # the end of an epoch
            model.set_weights(expected)
            losses.append(model.evaluate(x_validation, y_validation, verbose=0))

    callback = WeightAverage(momentum)
    averaged_model, averaged_losses = fit([Recorder(), callback])

    for average, weights in zip(callback.average, expected, strict=True):
        np.testing.assert_allclose(average, weights, rtol=1e-5, atol=1e-6)
    assert averaged_losses == pytest.approx(losses, rel=1e-4)
    callback.restore_trained_weights()
    for weights, update in zip(averaged_model.get_weights(), updates[-1], strict=True):
        np.testing.assert_array_equal(weights, update)


def test_metrics_of_the_logit_have_the_names_of_a_network_with_one_output():
    logs = {"loss": 1.0, "logit_loss": 0.6, "logit_auc": 0.9, "val_logit_auc": 0.8, "val_logit_accuracy": 0.7}

    PlainMetricNames().on_epoch_end(0, logs)

    assert logs == {"loss": 1.0, "logit_loss": 0.6, "auc": 0.9, "val_auc": 0.8, "val_accuracy": 0.7}
