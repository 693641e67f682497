import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model import cli
from model.box import Box
from model.decode import MAX_BYTES, decode
from model.heatmap import lay_over, overlay_png
from model.reader import Reader, stated
from model.release import load_release
from model.rows import COLUMNS
from tests.browser import ROOT
from tests.synthetic import synthetic_file

INCOMPLETE = (
    "The trained model is incomplete: model.json is missing. Nothing is read with it. Restore the folder model/release "
    "from the project, or release the model again.\n"
)

NO_NUMBER = (
    "The trained network gave no number for this picture. Nothing is read with it. Restore the folder model/release "
    "from the project, or release the model again.\n"
)


@pytest.fixture(scope="module")
def reader():
    return Reader(load_release())


@pytest.fixture(autouse=True)
def _one_reader(reader, monkeypatch):
    """The network is opened once for all tests that run in this process."""
    monkeypatch.setattr(cli, "Reader", lambda release: reader)  # noqa: ARG005


@pytest.fixture
def scans(tmp_path):
    """A folder of pictures of all sorts, of hidden ones, and of files that are none."""
    files = {
        "b.png": synthetic_file(),
        "a.jpg": synthetic_file("JPEG", 120, 90),
        "ward/really a picture.txt": synthetic_file(height=64, width=48),
        "ward/no picture.png": b"Dear colleague,",
        "ward/empty.png": b"",
        "ward/.hidden.png": synthetic_file(),
        ".thumbnails/b.png": synthetic_file(),
    }
    for name, content in files.items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(content)
    return tmp_path / "scans"


def read(capsys, *arguments) -> tuple[int, list[dict]]:
    """Exit status, and the rows as JSON."""
    status = cli.main(["read", *map(str, arguments)])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def wrong_usage(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(map(str, arguments)))
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def shell(*arguments, cwd=ROOT, **options) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-m", "model", "read", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, **options)


# --- which files, in which order


def test_folders_are_read_sorted_with_all_below_and_hidden_files_passed_over(scans, capsys):
    _, rows = read(capsys, scans)
    assert [row["path"] for row in rows] == [
        str(scans / name)
        for name in ("a.jpg", "b.png", "ward/empty.png", "ward/no picture.png", "ward/really a picture.txt")
    ]


def test_files_are_known_by_their_content_and_never_by_their_name(scans, capsys):
    _, rows = read(capsys, scans)
    assert [row["status"] for row in rows] == ["read", "read", "refused", "refused", "read"]


def test_what_is_named_is_read_in_the_order_named_even_if_hidden(scans, capsys):
    status, rows = read(capsys, scans / "b.png", scans / "ward" / ".hidden.png", scans / "a.jpg")
    assert [row["path"] for row in rows] == [str(scans / name) for name in ("b.png", "ward/.hidden.png", "a.jpg")]
    assert status == 0


def test_rows_say_what_the_reader_says(scans, capsys, reader):
    _, rows = read(capsys, scans / "b.png")
    finding = reader.read(decode(synthetic_file()))

    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["probability"] == finding.probability
    assert rows[0]["verdict"] == finding.verdict
    assert rows[0]["threshold"] == finding.operating_point.threshold
    assert rows[0]["model_version"] == load_release().version


def test_operating_point_and_prevalence_are_those_asked_for(scans, capsys, reader):
    release, finding = reader.release, reader.read(decode(synthetic_file()))
    for point in release.operating_points:
        _, rows = read(capsys, scans / "b.png", "--operating-point", point.name, "--prevalence", "0.2")
        expected = stated(finding, release, point, 0.2)
        assert (rows[0]["operating_point"], rows[0]["prevalence"]) == (point.name, 0.2)
        assert rows[0]["probability"] == expected.probability
        assert rows[0]["threshold"] == expected.operating_point.threshold
        assert rows[0]["verdict"] == expected.verdict


def test_without_a_word_on_prevalence_it_is_that_of_the_training_pictures(scans, capsys, reader):
    _, rows = read(capsys, scans / "b.png")
    assert rows[0]["prevalence"] == reader.release.training_prevalence
    assert rows[0]["operating_point"] == reader.release.default_operating_point


def test_a_row_says_that_no_lungs_were_found(scans, capsys, reader, monkeypatch):
    _, rows = read(capsys, scans / "b.png")
    assert rows[0]["cautions"] == []
    monkeypatch.setattr(reader.finder, "find", lambda _: None)
    status, rows = read(capsys, scans / "b.png")
    assert (status, rows[0]["status"]) == (0, "read")
    assert rows[0]["cautions"] == ["lungs_not_found"]


def test_a_refused_file_has_its_reason_and_does_not_stop_the_rest(scans, capsys):
    status, rows = read(capsys, scans / "ward")

    assert status == 3
    assert [row["reason_code"] for row in rows] == ["unreadable", "unsupported_format", ""]
    assert rows[0]["reason"].startswith("This file is empty. ")
    assert rows[1]["reason"].startswith("This is another kind of file, which is not read. ")
    assert rows[2]["status"] == "read"


def test_a_file_that_cannot_be_opened_is_refused(scans, capsys, monkeypatch):
    opened = Path.open

    def locked(path, *arguments, **options):
        if path == scans / "b.png":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", locked)
    status, rows = read(capsys, scans / "b.png")
    assert status == 3
    assert rows[0]["reason_code"] == "unreadable"
    assert rows[0]["reason"] == "The file cannot be opened (Permission denied). Check that you may read it."


def test_of_a_huge_file_no_more_is_read_than_tells_that_it_is_too_large(tmp_path, capsys, monkeypatch):
    huge = tmp_path / "film.png"
    with huge.open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no room on the disk
    seen = []
    monkeypatch.setattr(cli, "decode", lambda content: seen.append(len(content)) or decode(content))
    status, rows = read(capsys, huge)
    assert (status, rows[0]["reason_code"]) == (3, "too_large")
    assert seen == [MAX_BYTES + 1]


def test_an_empty_folder_gives_no_rows(tmp_path, capsys):
    assert read(capsys, tmp_path) == (0, [])


# --- output


def test_csv_holds_the_rows_of_json(scans, capsys):
    _, rows = read(capsys, scans)
    assert cli.main(["read", str(scans), "--format", "csv"]) == 3
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))

    assert [tuple(line) for line in table] == [COLUMNS] * len(rows)
    for line, row in zip(table, rows, strict=True):
        texts = {name: "" if value is None else str(value) for name, value in row.items()}
        assert line == texts | {"cautions": ";".join(row["cautions"])}


def test_standard_output_holds_rows_and_nothing_else(scans):
    """The whole program once, in a process of its own: no warning, no progress bar, no word of the runtime."""
    done = shell("b.png", "ward", cwd=scans)
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]

    assert done.returncode == 3
    assert [row["path"] for row in rows] == [
        "b.png",
        *(f"ward{os.sep}{name}" for name in ("empty.png", "no picture.png", "really a picture.txt")),
    ]
    assert "Traceback" not in done.stderr.decode()


def test_tensorflow_is_not_imported(scans):
    code = (
        "import sys; from model.cli import main; main(['read', 'b.png']); "
        "sys.exit(str(sorted({'tensorflow', 'keras', 'streamlit', 'pandas'} & set(sys.modules))))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=scans, env=environment, capture_output=True, check=False)
    assert done.stderr.decode().splitlines()[-1] == "[]"
    assert json.loads(done.stdout)["path"] == "b.png"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_reader_that_has_enough_is_left_without_a_word(scans):
    for number in range(300):  # more rows than a pipe holds
        shutil.copy(scans / "ward" / "no picture.png", scans / f"{number:04} {'long name ' * 20}.png")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "model", "read", str(scans)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        started.stdout.readline()
        started.stdout.close()  # as `| head -1` does
        said = started.stderr.read().decode()
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are Unicode")
def test_a_name_that_is_no_text_is_read_and_comes_back_from_json(tmp_path):
    name = os.fsdecode(b"r\xf6ntgen.png")
    (tmp_path / name).write_bytes(synthetic_file())
    done = shell(".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"] == name


# --- exit status


def test_without_a_release_nothing_is_read(scans, tmp_path, capsys):
    assert cli.main(["read", str(scans), "--release", str(tmp_path / "none")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == INCOMPLETE


def test_a_network_that_fails_in_the_middle_ends_with_its_sentence(scans, capsys, reader, monkeypatch):
    answered = []
    run = reader._network._run

    def failing(**inputs):
        answered.append(inputs)
        answers = run(**inputs)
        return answers if len(answered) < 2 else answers | {"logit": np.full((1, 1), np.nan, np.float32)}

    monkeypatch.setattr(reader._network, "_run", failing)
    assert cli.main(["read", str(scans)]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err == NO_NUMBER


def test_wrong_usage(scans, tmp_path, capsys):
    assert "the following arguments are required: COMMAND" in wrong_usage(capsys)
    assert "invalid choice: 'write'" in wrong_usage(capsys, "write")
    assert "FILE_OR_FOLDER" in wrong_usage(capsys, "read")
    assert "invalid choice: 'xml'" in wrong_usage(capsys, "read", scans, "--format", "xml")
    absent = tmp_path / "absent"
    assert f"no such file or folder: {absent}" in wrong_usage(capsys, "read", scans, absent)
    for share in ("0", "1", "20", "nan"):
        words = f"{share} is not a share between 0 and 1, such as 0.2"
        assert words in wrong_usage(capsys, "read", scans, "--prevalence", share)
    names = ", ".join(point.name for point in load_release().operating_points)
    words = f"--operating-point: the trained model has {names}"
    assert words in wrong_usage(capsys, "read", scans, "--operating-point", "bold")


# --- heat maps


def test_heat_maps_lie_in_the_pictures_own_sub_folders(scans, tmp_path, capsys):
    maps = tmp_path / "out" / "maps"
    status, rows = read(capsys, scans, "--heatmaps", maps)

    assert sorted(str(path.relative_to(maps)) for path in maps.rglob("*.*")) == [
        "a.npy",
        "a.png",
        "b.npy",
        "b.png",
        f"ward{os.sep}really a picture.npy",
        f"ward{os.sep}really a picture.png",
    ]
    assert status == 3
    assert len(rows) == 5


def test_a_heat_map_is_that_of_the_finding_at_the_size_of_the_picture(scans, tmp_path, capsys, reader):
    read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")
    picture = decode((scans / "a.jpg").read_bytes())
    finding = reader.read(picture)
    numbers = np.load(tmp_path / "maps" / "a.npy")

    assert numbers.dtype == np.float32
    assert numbers.shape == (120, 90)
    assert numbers.min() >= 0
    assert numbers.max() <= 1
    np.testing.assert_array_equal(numbers, lay_over(finding.heat_map, finding.heat_map_box, 120, 90))
    written = (tmp_path / "maps" / "a.png").read_bytes()
    assert written == overlay_png(picture, finding)
    assert Image.open(io.BytesIO(written)).size == (90, 120)


def test_a_heat_map_covers_the_part_that_was_seen(scans, tmp_path, capsys, reader, monkeypatch):
    real = reader.read

    def read_a_part(picture):
        finding = real(picture)
        return replace(finding, heat_map=np.ones_like(finding.heat_map), heat_map_box=Box(0.1, 0.25, 0.5, 0.75))

    monkeypatch.setattr(reader, "read", read_a_part)
    read(capsys, scans / "a.jpg", "--heatmaps", tmp_path / "maps")
    numbers, expected = np.load(tmp_path / "maps" / "a.npy"), np.zeros((120, 90))
    expected[30:90, 9:45] = 1
    np.testing.assert_allclose(numbers, expected, atol=1e-6)
    shown = np.asarray(Image.open(tmp_path / "maps" / "a.png"))
    np.testing.assert_array_equal(np.ptp(shown, axis=2) > 0, expected > 0)


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
        "a.jpg.npy": 60,  # one/a.jpg.png, the stem of which is "a.jpg"
        "a.png.npy": 40,  # one/a.png: its stem is gone
        "A.PNG.2.npy": 70,  # two/A.PNG: on some systems "A" is "a"
        "a.png.png.npy": 80,
        "a.png.3.npy": 40,  # one/a.png once more
    }
    for path in maps.glob("*.npy"):
        overlay = path.with_name(path.name.removesuffix(".npy") + ".png").read_bytes()
        assert decode(overlay).height == len(np.load(path))


def test_a_refused_file_takes_no_name(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("no picture")
    (tmp_path / "in" / "a.png").write_bytes(synthetic_file())
    read(capsys, tmp_path / "in", "--heatmaps", tmp_path / "maps")
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["a.npy", "a.png"]


def test_no_picture_is_overwritten_by_its_own_overlay(scans, capsys, monkeypatch):
    before = (scans / "b.png").read_bytes()
    monkeypatch.chdir(scans)
    for arguments in (["b.png", "--heatmaps", "."], [scans, "--heatmaps", scans / "ward" / ".."]):
        said = wrong_usage(capsys, "read", *arguments)
        assert "--heatmaps would write over the pictures: name a folder other than theirs" in said
    assert (scans / "b.png").read_bytes() == before
    assert not list(scans.rglob("*.npy"))


def test_heat_maps_need_a_folder(scans, capsys):
    said = wrong_usage(capsys, "read", scans / "b.png", "--heatmaps", scans / "a.jpg")
    assert f"--heatmaps: {scans / 'a.jpg'} is a file, a folder is wanted" in said
