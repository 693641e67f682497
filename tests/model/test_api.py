"""The names that `model` exports, and the low cost of importing it."""

import subprocess
import sys

import pytest

import model
from model.child_process import PROJECT_ROOT
from tests.support.synthetic import phantom_file


def test_the_exported_names_read_a_file():
    gate = model.AdmissionGate.from_classifier(model.load_model())
    finding = gate.read(gate.examine(model.decode(phantom_file())))

    assert isinstance(gate.classifier, model.Classifier)
    assert isinstance(finding, model.Finding)


def test_every_exported_name_exists_and_others_do_not():
    assert all(hasattr(model, name) for name in model.__all__)
    assert set(model._MODULES) == set(model.__all__)
    with pytest.raises(AttributeError, match=r"^module 'model' has no attribute 'Reader'$"):
        _ = model.Reader


@pytest.mark.slow
def test_importing_the_package_imports_none_of_its_modules():
    code = "import sys, model; print([name for name in sys.modules if name.startswith(('model.', 'numpy'))])"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
