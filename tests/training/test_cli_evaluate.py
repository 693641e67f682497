"""`python -m training evaluate`: what it prints and leaves, and what it says where nothing can be measured."""

import json
import shutil

from PIL import Image

from dataset.index import load_index
from tests.support.training import told
from training.cli import main


def test_evaluating_prints_the_figures_and_where_they_were_written(tiny_set, own_run, tmp_path, capsys):
    arguments = ["evaluate", "--data", str(tiny_set), "--run", str(own_run), "--split", "validation"]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--test-log", str(tmp_path / "TEST_LOG.csv")]) == 0

    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Operating point balanced; 95 % intervals by patient"
    assert printed[1].startswith("validation: n = 20, 10 patients, {'tp': ")
    auc = metrics["splits"]["validation"]["auc"]
    assert f"  auc          {auc['value']:.4f} ({auc['low']:.4f} to {auc['high']:.4f})" in printed
    assert printed[-1] == f"Written to {tmp_path / 'out'}."
    assert not (tmp_path / "TEST_LOG.csv").exists()


def test_evaluating_with_masks_full_size_films_and_sizes_measures_lungs_and_the_whole_audit(
    tiny_set, own_run, tmp_path
):
    records = load_index(tiny_set)
    for record in records:
        picture = Image.open(record.path)
        for folder, film in (("masks", Image.new("1", (40, 40), 1)), ("full", picture.resize((400, 400)))):
            (tmp_path / folder).mkdir(exist_ok=True)
            film.save(tmp_path / folder / (f"{record.path.stem}.png" if folder == "masks" else record.path.name))
    rows = [f"{record.path.name},{1000 + number},900" for number, record in enumerate(records)]
    (tmp_path / "sizes.csv").write_text("\n".join(["file,width,height", *rows]))
    arguments = ["evaluate", "--data", str(tiny_set), "--run", str(own_run), "--split", "validation"]
    extras = ["--masks", "masks", "--full-size", "full", "--sizes", "sizes.csv"]
    places = [part if part.startswith("--") else str(tmp_path / part) for part in extras]

    assert main([*arguments, *places, "--out", str(tmp_path / "out")]) == 0

    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["lungs"]["n"] == 20
    assert metrics["lungs"]["dice"]["mean"] > 0.8  # the tiny network finds most of what is dark, and all of it is drawn
    assert all(metrics["shortcut_audit"].values())
    assert metrics["shortcut_audit"]["scaled_copies"]["n"] == 20


def test_evaluating_a_split_that_the_set_lacks_is_told(own_set, own_run, tmp_path, capsys):
    shutil.rmtree(own_set / "test")
    log = tmp_path / "TEST_LOG.csv"

    assert main(["evaluate", "--data", str(own_set), "--run", str(own_run), "--test-log", str(log)]) == 1

    assert told(capsys) == "The data set holds no test pictures. Name other parts with --split."
    assert not log.exists()


def test_evaluating_a_run_that_has_not_ended_is_told(tiny_set, tmp_path, capsys):
    assert main(["evaluate", "--data", str(tiny_set), "--run", str(tmp_path)]) == 1

    assert told(capsys) == (
        f"{tmp_path} holds no finished training run. Finish it with `python -m training fit --run {tmp_path}`."
    )
