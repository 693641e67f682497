"""The licences and the pinned versions of the packages that the program needs."""

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
# certifi and tqdm are passed on unchanged, as separate files, as the MPL requires. namex comes with the text of its
# licence (Apache-2.0), but does not declare it.
OTHER_LICENCES = {"certifi": "Mozilla Public License 2.0 (MPL 2.0)", "tqdm": "MPL-2.0 AND MIT", "namex": "UNKNOWN"}


def pinned_packages(name: str) -> set[str]:
    """Return the names of the packages in a requirements file."""
    return set(re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(), re.MULTILINE))


def is_permissive(text: str) -> bool:
    """Return whether all licences that a package declares allow it to be passed on."""
    return set(re.split(r" AND | OR |; ", text)) <= PERMISSIVE


@pytest.mark.slow
def test_the_licence_of_every_package_allows_it_to_be_passed_on():
    lister = Path(sys.executable).with_name("pip-licenses")
    command = [lister, "--from=mixed", "--format=csv", "--with-system"]
    listed = csv.DictReader(io.StringIO(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    ours = {name.replace("_", "-").lower() for name in pinned_packages("requirements.txt")}
    licences = {row["Name"].replace("_", "-").lower(): row["License"] for row in listed}
    assert len(ours & set(licences)) > 60  # the others are for other systems or Python versions
    other = {name: text for name, text in licences.items() if name in ours and not is_permissive(text)}
    assert other == OTHER_LICENCES


def test_users_and_tests_get_the_same_versions():
    both = [(ROOT / name).read_text().splitlines()[2:] for name in ("requirements.txt", "requirements-dev.txt")]
    assert set(both[0]) <= set(both[1])
