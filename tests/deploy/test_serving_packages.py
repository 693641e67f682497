"""The packages for serving are enough to read an image, and TensorFlow is not among them."""

import json
import re
import subprocess
import sys

import pytest

from tests.support.browser import ROOT
from tests.support.synthetic import phantom_file

REQUIREMENTS = ROOT / "requirements-serve.txt"
LEFT_OUT = {"tensorflow", "keras", "tf-keras-vis", "scikit-learn", "jax", "torch"}


def test_tensorflow_and_what_only_training_needs_are_not_among_the_packages_for_serving():
    packages = set(re.findall(r"^([\w.-]+)==", REQUIREMENTS.read_text(), re.MULTILINE))
    assert "streamlit" in packages
    assert not packages & LEFT_OUT


@pytest.mark.package_index
@pytest.mark.timeout(900)
def test_the_packages_for_serving_alone_read_an_image(tmp_path):
    environment, image = tmp_path / "environment", tmp_path / "phantom.png"
    image.write_bytes(phantom_file())
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*install, "-r", REQUIREMENTS], check=True)

    read = subprocess.run([python, "-m", "model", "read", image], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(read.stdout)["status"] == "read"
    page = "from streamlit.testing.v1 import AppTest; assert not AppTest.from_file('app.py').run(timeout=60).exception"
    subprocess.run([python, "-c", page], cwd=ROOT, capture_output=True, check=True)
