"""What the program is built on: whose it is, and that it may be passed on."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.browser import ROOT

PERMISSIVE = {
    *("MIT", "MIT License", "MIT-CMU", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "2-clause BSD License", "0BSD"),
    *("3-Clause BSD License", "Apache-2.0", "Apache License 2.0", "Apache Software License", "Zlib", "CC0-1.0"),
    *("PSF-2.0", "Python Software Foundation License", "DFSG approved"),
}
# Each stays a file of its own, unchanged, as the MPL asks; namex brings its licence (Apache-2.0) as a text alone.
OTHERWISE = {"certifi": "Mozilla Public License 2.0 (MPL 2.0)", "tqdm": "MPL-2.0 AND MIT", "namex": "UNKNOWN"}


def pinned(name: str) -> set[str]:
    """Names in a requirements file."""
    return set(re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(), re.MULTILINE))


def permissive(text: str) -> bool:
    """Whether a package may be passed on under each part of what it says of its licence."""
    return set(re.split(r" AND | OR |; ", text)) <= PERMISSIVE


@pytest.mark.slow
def test_every_licence_that_comes_with_the_program_lets_it_be_passed_on():
    lister = Path(sys.executable).with_name("pip-licenses")
    command = [lister, "--from=mixed", "--format=csv", "--with-system"]
    listed = csv.DictReader(io.StringIO(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    ours = {name.replace("_", "-").lower() for name in pinned("requirements.txt")}
    licences = {row["Name"].replace("_", "-").lower(): row["License"] for row in listed}
    assert len(ours & set(licences)) > 60  # the others are for other systems and versions
    other = {name: text for name, text in licences.items() if name in ours and not permissive(text)}
    assert other == OTHERWISE


def test_what_a_user_installs_is_pinned_the_same_for_the_tests():
    both = [(ROOT / name).read_text().splitlines()[2:] for name in ("requirements.txt", "requirements-dev.txt")]
    assert set(both[0]) <= set(both[1])
