"""Publishing: content of a release, and replacement of the previous release."""

import json

import pytest

import training.release.publish
from dataset.explorer.mean_radiographs import load_mean_radiographs
from dataset.quality.report import audit_report
from model.codes import SPLITS, Population, SplitName
from model.imaging.decode import decode
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.similar_cases import similar_cases_sentence
from model.release_files import ReleaseFile
from model.storage import write_json
from tests.support.candidates import publish_second_release

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_samples")]


def test_a_published_release_loads_and_classifies(published, split, predictions):
    release = load_release(published)

    finding = Classifier(release).read(decode(split.test[-1].path.read_bytes()))

    assert (finding.model_version, release.version) == ("1.0.0", "1.0.0")
    assert finding.probability == predictions["probability"].iloc[-1]


def test_a_release_lists_all_of_its_files(published):
    listed = load_release(published).checksums

    networks, figures = (
        {ReleaseFile.CLASSIFIER, ReleaseFile.CLASSIFIER_KERAS, ReleaseFile.LUNGS, ReleaseFile.LUNGS_KERAS},
        {ReleaseFile.HISTORY, ReleaseFile.METRICS, ReleaseFile.PREDICTIONS, ReleaseFile.CURVES, ReleaseFile.CARD},
    )
    assert listed.keys() == networks | figures | {
        ReleaseFile.LICENCE,
        ReleaseFile.DATASET_AUDIT,
        ReleaseFile.SIMILAR_CASES,
        ReleaseFile.MEAN_RADIOGRAPHS,
        ReleaseFile.ADMISSION,
        ReleaseFile.DESCRIPTION,
    }
    assert {path.name for path in published.iterdir()} == {*listed, ReleaseFile.CHECKSUMS}
    assert not list(published.parent.glob("release.*"))


def test_publishing_writes_model_json_once(measured_run, split, tmp_path, monkeypatch):
    written = []

    def record_path(path, content):
        written.append(path.name)
        write_json(path, content)

    monkeypatch.setattr(training.release.publish, "write_json", record_path)

    publish_second_release(measured_run, split, tmp_path / "release")

    assert written == [ReleaseFile.DESCRIPTION]


def test_a_release_has_the_files_of_its_candidate(published, candidate):
    released = load_release(published).checksums

    copied = candidate.checksums.keys() - {ReleaseFile.DESCRIPTION}
    assert released.keys() - candidate.checksums.keys() == {ReleaseFile.CARD, ReleaseFile.LICENCE}
    assert {name: released[name] for name in copied} == {name: candidate.checksums[name] for name in copied}


def test_a_release_records_its_origin_and_its_metrics(published, metrics, split):
    description = load_release(published).description

    assert description["git_commit"] == "0" * 40
    assert description["changelog"] == [{"version": "1.0.0", "change": "First release."}]
    assert description["test_split_opened"] == 1
    assert description["metrics"][SplitName.TEST]["auc"] == metrics["splits"][SplitName.TEST]["auc"]
    children = description["populations"][Population.CHILDREN]
    assert children["dataset"]["images"] == {name: len(split.part(name)) for name in SPLITS}
    assert children["training_prevalence"] == 0.5
    card = (published / ReleaseFile.CARD).read_text()
    assert "model 1.0.0" in card
    assert f"{metrics['splits'][SplitName.TEST]['auc']['value']:.3f}" in card


def test_the_card_contains_the_audit_findings_and_the_agreement_of_similar_cases(published, metrics):
    card = " ".join((published / ReleaseFile.CARD).read_text().split())

    for sentence in audit_report(json.loads((published / ReleaseFile.DATASET_AUDIT).read_text())):
        assert f"- {sentence}" in card
    assert similar_cases_sentence(metrics["similar_cases"]) in card


def test_index_and_mean_radiographs_of_a_release_load(published, split):
    release = load_release(published)

    assert len(SimilarCaseIndex.from_release(release).files) == len(split.training)
    assert load_mean_radiographs(release) == {}


def test_a_new_release_replaces_the_old_one_and_continues_its_changelog(measured_run, split, old_release):
    publish_second_release(measured_run, split, old_release)

    description = load_release(old_release).description
    assert description["version"] == "1.1.0"
    assert [entry["version"] for entry in description["changelog"]] == ["1.1.0", "1.0.0"]
    assert [path.name for path in old_release.parent.iterdir()] == [old_release.name]


def test_a_release_killed_between_its_renames_keeps_its_changelog(measured_run, split, old_release):
    old_release.rename(old_release.with_name("release.old"))

    publish_second_release(measured_run, split, old_release)

    versions = [entry["version"] for entry in load_release(old_release).description["changelog"]]
    assert versions == ["1.1.0", "1.0.0"]


@pytest.mark.parametrize(
    ("name", "content", "versions"),
    [
        (ReleaseFile.CLASSIFIER, b"damaged", ["1.1.0", "1.0.0"]),
        ("model.json", b"damaged", ["1.1.0"]),
        ("model.json", b"[]", ["1.1.0"]),
    ],
)
def test_a_damaged_old_release_does_not_prevent_a_new_one(measured_run, split, old_release, name, content, versions):
    (old_release / name).write_bytes(content)

    publish_second_release(measured_run, split, old_release)

    assert [entry["version"] for entry in load_release(old_release).description["changelog"]] == versions


def test_a_release_in_another_format_is_replaced_and_its_changelog_continues(measured_run, split, old_release):
    description = json.loads((old_release / "model.json").read_text())
    (old_release / "model.json").write_text(json.dumps(description | {"format": 1}))

    publish_second_release(measured_run, split, old_release)

    versions = [entry["version"] for entry in load_release(old_release).description["changelog"]]
    assert versions == ["1.1.0", "1.0.0"]
