"""The documents agree with the release and the code, and their links work."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from model.codes import Caution, Population, RefusalReason
from model.inference.finding_rows import COLUMNS
from model.inference.release_loader import RELEASE_DIR, load_release
from model.performance.release_data import load_release_data
from model.release_files import ReleaseFile
from model.version import VERSION
from tests.support.release_files import copy_release
from training.evaluation.split_openings import count_openings
from training.release.document_sections import with_metrics_section
from training.release.model_card import model_card
from training.release.population_sections import metrics_table
from training.release.publish import HEADLINE_METRICS

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
METRICS_JSON = json.loads((RELEASE_DIR / ReleaseFile.METRICS).read_text())
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])
MAX_README_LINES = 150


def section(document: str, heading: str) -> str:
    """Return the text below a heading, up to the next heading of the same level."""
    return document.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def first_column(markdown: str) -> list[str]:
    """Return the code in the first column of each table row."""
    return re.findall(r"^\| `(\w+)` \|", markdown, re.MULTILINE)


def anchors(markdown: str) -> set[str]:
    """Return the anchors that GitHub generates for the headings."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_readme_is_short_and_states_what_the_model_is_for():
    readme = (PROJECT / "README.md").read_text()
    introduction = " ".join(readme.split("\n## ")[0].split())
    assert len(readme.splitlines()) < MAX_README_LINES
    for statement in ("Research use only", "children aged 1 to 5 years", "pneumonia only"):
        assert statement in introduction


def test_the_readme_shows_the_metrics_of_the_release():
    assert metrics_table(METRICS_JSON) in (PROJECT / "README.md").read_text()


@pytest.mark.parametrize("name", ["README.md", "docs/evidence.md"])
def test_the_generated_sections_match_the_release(name):
    document = (PROJECT / name).read_text()
    assert with_metrics_section(document, load_release_data(load_release())) == document


def test_the_readme_states_by_how_much_probabilities_are_too_high():
    limits = " ".join(section((PROJECT / "README.md").read_text(), "Limits").split())
    groups = load_release_data(load_release()).reliability
    stated = re.findall(r"group of (\d+) images whose mean (?:probability )?was ([\d.]+)%, (?:only )?(\d+)%", limits)
    assert stated == [
        (str(group.n), f"{100 * group.probability:{format_spec}}", f"{100 * group.share:.0f}")
        for group, format_spec in zip(
            groups[groups["probability"].between(0.1, 0.998)].itertuples(), (".0f", ".0f", ".1f"), strict=True
        )
    ]


def test_the_model_card_is_the_one_that_the_release_generates():
    card = (RELEASE_DIR / ReleaseFile.CARD).read_text()
    data_audit = json.loads((RELEASE_DIR / ReleaseFile.DATASET_AUDIT).read_text())
    assert card == model_card(load_release().description, METRICS_JSON, data_audit)


def test_the_headline_figures_in_the_description_match_the_metrics():
    for split, headline in load_release().description["metrics"].items():
        measured = METRICS_JSON["splits"][split]
        at_default_point = measured | measured["operating_points"][METRICS_JSON["operating_point"]["name"]]
        assert headline == {name: at_default_point[name] for name in HEADLINE_METRICS}


def test_every_use_of_the_test_split_before_the_release_is_in_the_log():
    log = PROJECT / "training" / "TEST_LOG.csv"
    assert count_openings(log, Population.CHILDREN) >= load_release().description["test_split_opened"] >= 1
    assert METRICS_JSON["network_sha256"] in log.read_text()


def test_every_column_is_documented_in_order():
    document = (PROJECT / "docs" / "use.md").read_text()
    assert tuple(first_column(section(document, "Columns of a row"))) == COLUMNS


@pytest.mark.parametrize(("heading", "codes"), [("Reasons for refusal", RefusalReason), ("Cautions", Caution)])
def test_every_exported_code_is_documented(heading, codes):
    document = (PROJECT / "docs" / "use.md").read_text()
    assert set(re.findall(r"`(\w+)`", section(document, heading))) == set(codes)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_existing_files_and_headings(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if link.startswith("https:"):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_the_changelog_names_the_versions_of_program_and_model():
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    headings = [heading for heading in re.findall(r"^## \[(.*?)\]", changelog, re.MULTILINE) if heading != "Unreleased"]
    program, (model_version,) = headings[0], re.findall(r"^Model ([\d.]+)\.", changelog, re.MULTILINE)[:1]
    assert program == VERSION
    assert f"\nversion: {VERSION}\n" in (PROJECT / "CITATION.cff").read_text()
    assert model_version == load_release().version


def documented_commands() -> list[str]:
    """Return the blocks of shell commands in docs/releases.md, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", (PROJECT / "docs" / "releases.md").read_text(), re.MULTILINE | re.DOTALL)


def run_documented(command: str, folder: Path) -> int:
    return subprocess.run(["sh", "-ec", command], cwd=folder, capture_output=True, check=False).returncode


def test_the_documented_commands_verify_the_release():
    verify_files, verify_digest, *_ = documented_commands()
    assert run_documented(verify_files, PROJECT) == 0
    assert run_documented(verify_digest, PROJECT) == 0


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_the_documented_commands_sign_a_release_and_verify_its_copy(tmp_path):
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
