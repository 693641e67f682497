"""The labelled data sets and their folders."""

import pytest

from dataset.sources import SOURCES
from model.codes import POPULATIONS, Population


def test_every_population_has_a_data_set():
    assert tuple(SOURCES) == POPULATIONS


@pytest.mark.parametrize("population", POPULATIONS)
def test_a_data_set_is_in_the_folder_of_its_variable(monkeypatch, tmp_path, population):
    source = SOURCES[population]
    monkeypatch.setenv(source.variable, str(tmp_path / "set"))
    assert not source.is_on_disk()
    (tmp_path / "set").mkdir()
    assert source.is_on_disk()


def test_each_data_set_has_only_its_population(tiny_set, adult_set):
    folders = {Population.CHILDREN: tiny_set, Population.ADULTS: adult_set}
    for population, source in SOURCES.items():
        assert {record.population for record in source.load(folders[population])} == {population}
