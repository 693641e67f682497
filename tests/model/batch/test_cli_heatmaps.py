"""`python -m model read --heatmaps`: which files it writes, where, and what they show."""

import io
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from model.batch import cli, file_reader
from model.codes import HeatMapWarning
from model.explanation.heatmap import overlay_png, upsample_to_image
from model.explanation.reliability import reliability_warnings
from model.imaging.decode import decode
from model.imaging.geometry import RelativeBox
from tests.support.console import DISK_FULL
from tests.support.gates import with_heat
from tests.support.model_cli import read, usage_error
from tests.support.synthetic import synthetic_file

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shared_classifier", "open_gate")]


def test_heat_maps_are_written_to_the_subfolders_of_their_images(scans, tmp_path, capsys):
    maps = tmp_path / "out" / "maps"
    status, rows = read(capsys, scans, "--heatmaps", maps)

    assert sorted(str(path.relative_to(maps)) for path in maps.rglob("*.*")) == [
        "a.npy",
        "a.png",
        "b.npy",
        "b.png",
        f"ward{os.sep}really an image.npy",
        f"ward{os.sep}really an image.png",
    ]
    assert status == 3
    assert len(rows) == 5


def test_a_heat_map_is_that_of_the_finding_at_the_size_of_the_image(scans, tmp_path, capsys, classifier):
    read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")
    radiograph = decode((scans / "a.jpg").read_bytes())
    finding = classifier.read(radiograph)
    values = np.load(tmp_path / "maps" / "a.npy")

    assert values.dtype == np.float32
    assert values.shape == (120, 90)
    assert values.min() >= 0
    assert values.max() <= 1
    np.testing.assert_array_equal(values, upsample_to_image(finding.heat_map, finding.heat_map_box, 120, 90))
    overlay = (tmp_path / "maps" / "a.png").read_bytes()
    assert overlay == overlay_png(radiograph, finding)
    assert Image.open(io.BytesIO(overlay)).size == (90, 120)


def test_a_heat_map_covers_the_input_region(scans, tmp_path, capsys, classifier, monkeypatch):
    real_finding_from = classifier.finding_from

    def finding_of_a_part(inference):
        finding = real_finding_from(inference)
        return replace(finding, heat_map=np.ones_like(finding.heat_map), heat_map_box=RelativeBox(0.1, 0.25, 0.5, 0.75))

    monkeypatch.setattr(classifier, "finding_from", finding_of_a_part)
    read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")
    values, expected = np.load(tmp_path / "maps" / "a.npy"), np.zeros((120, 90))
    expected[30:90, 9:45] = 1
    np.testing.assert_allclose(values, expected, atol=1e-6)
    overlay = np.asarray(Image.open(tmp_path / "maps" / "a.png"))
    np.testing.assert_array_equal(np.ptp(overlay, axis=2) > 0, expected > 0)


@pytest.fixture
def opacity_release(classifier, monkeypatch):
    """Let every finding have an opacity map, 0.75 everywhere, and no evidence on the class-activation map."""
    real_finding_from = classifier.finding_from

    def finding_with_opacity(inference):
        finding = real_finding_from(inference)
        opacity_map = np.full((12, 12), 0.75, np.float32)
        heat_map = np.zeros_like(finding.heat_map)
        return replace(finding, heat_map=heat_map, opacity_map=opacity_map, opacity_contour=0.5)

    monkeypatch.setattr(classifier, "finding_from", finding_with_opacity)


@pytest.mark.usefixtures("opacity_release")
def test_the_opacity_map_has_the_names_of_the_image_and_the_class_activation_map_a_suffix(scans, tmp_path, capsys):
    read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")

    names = ["a.npy", "a.png", "a_gradcam.npy", "a_gradcam.png"]
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == names
    assert np.load(tmp_path / "maps" / "a.npy").max() == 0.75
    assert not np.load(tmp_path / "maps" / "a_gradcam.npy").any()
    comments = [Image.open(tmp_path / "maps" / name).text["Comment"] for name in names[1::2]]
    assert ["Opacity map." in comment for comment in comments] == [True, False]


@pytest.mark.usefixtures("opacity_release")
def test_an_image_whose_name_ends_in_the_suffix_keeps_its_own_maps(tmp_path, capsys):
    sizes = {"a.png": 40, "a_gradcam.png": 50, "b_gradcam.png": 60, "c/b.png": 70}
    (tmp_path / "in" / "c").mkdir(parents=True)
    for name, side in sizes.items():
        (tmp_path / "in" / name).write_bytes(synthetic_file(height=side, width=side))
    maps = tmp_path / "maps"
    paths = [tmp_path / "in" / name for name in sizes]  # given one by one, so all are written to the same folder
    read(capsys, *paths, "--heatmaps", maps)

    assert {path.name: len(np.load(path)) for path in maps.glob("*.npy")} == {
        "a.npy": 40,
        "a_gradcam.npy": 40,
        "a_gradcam.png.npy": 50,
        "a_gradcam.png_gradcam.npy": 50,
        "b_gradcam.npy": 60,
        "b_gradcam_gradcam.npy": 60,
        "b.png.npy": 70,  # b_gradcam is in use
        "b.png_gradcam.npy": 70,
    }


@pytest.mark.parametrize("warnings", [(), (HeatMapWarning.EFFECT,)])
def test_a_heat_map_with_a_warning_is_a_caution_in_the_row(scans, tmp_path, capsys, monkeypatch, warnings):
    monkeypatch.setattr(file_reader, "reliability_warnings", lambda *_: warnings)
    with_heat(monkeypatch, 0.5)
    _, (row,) = read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")
    assert ("explanation_unreliable" in row["cautions"]) == bool(warnings)


@pytest.mark.heat_map_check
def test_the_check_is_that_of_the_inference(scans, tmp_path, capsys, monkeypatch, classifier):
    checked = []

    def record(*arguments):
        checked.append(reliability_warnings(*arguments))
        return checked[-1]

    monkeypatch.setattr(file_reader, "reliability_warnings", record)
    read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")
    assert checked == [reliability_warnings(classifier, classifier.infer(decode((scans / "a.jpg").read_bytes())))]


def test_files_that_share_a_stem_keep_their_own_heat_maps(tmp_path, capsys):
    sizes = {"one/a.png": 40, "one/a.jpg": 50, "one/a.jpg.png": 60, "two/A.PNG": 70, "two/a.png.png": 80}
    for name, side in sizes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(synthetic_file(height=side, width=side))
    maps = tmp_path / "maps"
    status, _ = read(capsys, tmp_path / "one", tmp_path / "two", tmp_path / "one" / "a.png", "--heatmaps", maps)

    assert status == 0
    assert {path.name: len(np.load(path)) for path in maps.glob("*.npy")} == {
        "a.npy": 50,  # one/a.jpg, the first
        "a.jpg.npy": 60,  # one/a.jpg.png, whose stem is "a.jpg"
        "a.png.npy": 40,  # one/a.png, whose stem has been used
        "A.PNG.2.npy": 70,  # two/A.PNG: on some systems "A" is "a"
        "a.png.png.npy": 80,
        "a.png.3.npy": 40,  # one/a.png again
    }
    for path in maps.glob("*.npy"):
        overlay = path.with_name(path.name.removesuffix(".npy") + ".png").read_bytes()
        assert decode(overlay).height == len(np.load(path))


def test_a_refused_file_uses_no_name(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("not an image")
    (tmp_path / "in" / "a.png").write_bytes(synthetic_file())
    read(capsys, tmp_path / "in", "--heatmaps", tmp_path / "maps")
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["a.npy", "a.png"]


def test_no_image_is_overwritten_by_its_own_overlay(scans, capsys, monkeypatch):
    before = (scans / "b.png").read_bytes()
    monkeypatch.chdir(scans)
    for arguments in (["b.png", "--heatmaps", "."], [scans, "--heatmaps", scans / "ward" / ".."]):
        message = usage_error(capsys, "read", *arguments)
        assert "--heatmaps would overwrite the images: choose a different folder" in message
    assert (scans / "b.png").read_bytes() == before
    assert not list(scans.rglob("*.npy"))


def test_heat_maps_need_a_folder(scans, capsys):
    message = usage_error(capsys, "read", scans / "b.png", "--heatmaps", scans / "a.jpg")
    assert f"--heatmaps: {scans / 'a.jpg'} is a file, but a folder is required" in message


def test_a_folder_that_cannot_be_used_is_reported(scans, tmp_path, capsys):
    (tmp_path / "maps").mkdir()
    unusable = tmp_path / "maps" / "ward"
    unusable.write_text("a file instead of a subfolder")
    status = cli.main(["read", str(scans), "--heatmaps", str(tmp_path / "maps")])
    output = capsys.readouterr()
    assert status == 1
    assert output.err.splitlines()[-1].startswith(f"{unusable} cannot be used (File exists). ")
    assert "Traceback" not in output.err
    assert [json.loads(line)["path"] for line in output.out.splitlines()] == [
        str(scans / name) for name in ("a.jpg", "b.png", "ward/empty.png", "ward/not an image.png")
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="NOT RUN: only Linux has a disk that is always full")
@pytest.mark.parametrize("name", ["a.npy", "a.png"])
def test_a_full_disk_is_reported(scans, tmp_path, capsys, name):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / name).symlink_to("/dev/full")
    assert cli.main(["read", str(scans / "a.jpg"), "--heatmaps", str(tmp_path / "maps")]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines() == [DISK_FULL]
