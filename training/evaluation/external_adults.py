"""How the reader fares outside its population: on films of adults, for which it is not made.

The folder holds pictures in sub-folders and labels.csv: file, label, patient, age_years, sex, view. Nothing is chosen
on these pictures.
"""

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from model.codes import LABELS
from model.errors import DatasetError
from model.imaging.decode import decode
from model.inference.classifier import Classifier
from training.evaluation.split_metrics import operating_point_metrics, split_metrics

COLUMNS = ("file", "label", "patient", "age_years", "sex", "view")
AGE_GROUPS = {
    "under 18 years": (0, 18),
    "18 to 39 years": (18, 40),
    "40 to 59 years": (40, 60),
    "60 years and older": (60, 200),
}


def external_metrics(classifier: Classifier, folder: Path) -> dict:
    """Figures of `split_metrics` on the films of adults, and of `operating_point_metrics` by age group, sex and view.

    Raises:
        DatasetError: the folder does not hold what the table names, or the table not what is needed.
    """
    rows = _read(classifier, folder)
    groups = {
        "age": {name: rows[rows["age_years"].between(*ages, inclusive="left")] for name, ages in AGE_GROUPS.items()},
        "sex": dict(list(rows.groupby("sex"))),
        "view": dict(list(rows.groupby("view"))),
    }
    return {
        **split_metrics(rows, classifier.release),
        "groups": {
            by: {
                name: operating_point_metrics(members, classifier.release)
                for name, members in of.items()
                if len(members)
            }
            for by, of in groups.items()
        },
    }


def load_adult_images(folder: Path) -> pd.DataFrame:
    """The table of the films, with the path of each; films that it does not name are left out.

    Raises:
        DatasetError: the folder does not hold what the table names, or the table not what is needed.
    """
    films = {path.name: path for path in folder.rglob("*.*")}
    try:
        table = pd.read_csv(folder / "labels.csv", dtype={"patient": str, "age_years": float})[list(COLUMNS)]
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{folder} cannot be used: labels.csv with {', '.join(COLUMNS)} is wanted.") from error
    if table.empty or not table["label"].isin(LABELS).all():
        raise DatasetError(f"{folder} cannot be used: labels.csv with films of {' and '.join(LABELS)} alone is wanted.")
    if absent := [name for name in table["file"] if name not in films]:
        raise DatasetError(f"{folder} lacks {len(absent)} of the {len(table)} films that labels.csv names.")
    return table.assign(path=[films[name] for name in table["file"]])


def _read(classifier: Classifier, folder: Path) -> pd.DataFrame:
    """The table with the probability of each film."""
    table = load_adult_images(folder)
    read = [
        classifier.read(decode(path.read_bytes())).probability
        for path in tqdm(table["path"], desc="films of adults", unit="film", disable=None)
    ]
    return table.assign(probability=read, cause="unknown")
