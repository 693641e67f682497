"""What documents say of the released model is what its files say."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from model.inference.finding_rows import COLUMNS
from model.inference.release_loader import RELEASE_DIR, load_release
from model.release_files import ReleaseFile
from tests.support.release_files import copy_release
from training.evaluation.split_openings import count_openings
from training.release.model_card import metrics_table, model_card, with_metrics_section
from training.release.publish import HEADLINE_METRICS

PROJECT = Path(__file__).parents[2]
METRICS_JSON = json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())


def test_the_figures_in_the_readme_are_those_of_the_release():
    readme = (PROJECT / "README.md").read_text()
    assert metrics_table(METRICS_JSON) in readme
    assert with_metrics_section(readme, METRICS_JSON) == readme


def test_the_model_card_is_the_one_that_the_release_generates():
    card = (RELEASE_DIR / ReleaseFile.CARD).read_text()
    data_audit = json.loads((RELEASE_DIR / ReleaseFile.DATASET_AUDIT).read_text())
    assert card == model_card(load_release().description, METRICS_JSON, data_audit)


def test_the_headline_figures_of_the_description_are_those_of_the_metrics():
    for split, headline in load_release().description["metrics"].items():
        measured = METRICS_JSON["splits"][split]
        at_default_point = measured | measured["operating_points"][METRICS_JSON["operating_point"]["name"]]
        assert headline == {name: at_default_point[name] for name in HEADLINE_METRICS}


def test_every_opening_of_the_test_split_before_the_release_is_in_the_log():
    log = PROJECT / "training" / "TEST_LOG.csv"
    assert count_openings(log) >= load_release().description["test_split_opened"] >= 1
    assert METRICS_JSON["network_sha256"] in log.read_text()


def test_the_readme_names_every_column_of_a_row():
    assert ", ".join(COLUMNS) in " ".join((PROJECT / "README.md").read_text().split())


def test_the_changelog_of_the_project_names_the_released_version():
    assert f"[{load_release().version}]" in (PROJECT / "CHANGELOG.md").read_text()


def documented_commands() -> list[str]:
    """Each block of shell commands in docs/releases.md, in their order."""
    return re.findall(r"^```sh\n(.*?)^```$", (PROJECT / "docs" / "releases.md").read_text(), re.MULTILINE | re.DOTALL)


def run_documented(command: str, folder: Path) -> int:
    return subprocess.run(["sh", "-ec", command], cwd=folder, capture_output=True, check=False).returncode


def test_the_release_is_verified_by_the_documented_commands():
    verify_files, verify_digest, *_ = documented_commands()
    assert run_documented(verify_files, PROJECT) == 0
    assert run_documented(verify_digest, PROJECT) == 0


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_a_release_that_travels_is_signed_and_verified_by_the_documented_commands(tmp_path):
    _, _, sign, verify = documented_commands()
    release = copy_release(tmp_path / "release")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "release_key"], check=True)
    public_key = (tmp_path / "release_key.pub").read_text()
    (tmp_path / "allowed_signers").write_text(f'releases@example.org namespaces="file" {public_key}')
    assert run_documented(sign, tmp_path) == 0
    assert run_documented(verify, tmp_path) == 0

    listing = (release / ReleaseFile.CHECKSUMS).read_text()
    (release / ReleaseFile.CHECKSUMS).write_text(listing.replace("a", "b", 1))
    assert run_documented(verify, tmp_path) != 0
    (release / ReleaseFile.CHECKSUMS).write_text(listing)
    (release / ReleaseFile.METRICS).write_text("changed")
    assert run_documented(verify, tmp_path) != 0
