"""Read files as the shell was asked to: the row of each, and what its heat map is drawn from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.admission.gate import Examination, Gate
from model.errors import FileRefused, NotAdmitted
from model.explanation.reliability import doubted, doubts
from model.imaging.decode import content_of, decode
from model.imaging.preprocessing import Film
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Finding, Reader, at_age, stated
from model.inference.finding_rows import Row, finding_row, refusal_row
from model.inference.release_loader import load_release


@dataclass(frozen=True)
class Asked:
    """What the shell was asked for, the same for every file.

    release: folder of the trained model.
    operating_point: its name; None for the release's own.
    prevalence: that figures are stated at, 0-1; None for that of the training pictures.
    read_anyway: whether pictures are read that are refused.
    heatmaps: whether heat maps are wanted, which are then checked.
    """

    release: Path
    operating_point: str | None = None
    prevalence: float | None = None
    read_anyway: bool = False
    heatmaps: bool = False


@dataclass(frozen=True, eq=False)
class Read:
    """What became of one file; the radiograph is kept only for its heat map."""

    row: Row
    radiograph: Radiograph | None = None
    finding: Finding | None = None


@dataclass(frozen=True, eq=False)
class _Opened:
    """A file that could be decoded; its radiograph, which may be large, only where a heat map is wanted."""

    path: Path
    film: Film
    radiograph: Radiograph | None


class FileReader:
    """Reads files with one release; safe to share between threads."""

    def __init__(self, asked: Asked):
        """Open the release.

        Raises:
            ReleaseError: it cannot be used.
        """
        self.asked = asked
        self.gate = Gate.of(Reader(load_release(asked.release)))

    def read(self, paths: Iterable[Path]) -> list[Read]:
        """Read files, each step of all of them before the next (see `Reader.see_all`); what is refused has a row, too.

        Args:
            paths: taken one by one as they are opened, which takes longest where files are large.

        Raises:
            ReleaseMismatch: a network gave no number.
        """
        opened = [self._opened(path) for path in paths]
        films = [one for one in opened if isinstance(one, _Opened)]
        examinations = iter(self.gate.examine_all([one.film for one in films]))
        return [self._said(one, next(examinations)) if isinstance(one, _Opened) else one for one in opened]

    def _opened(self, path: Path) -> _Opened | Read:
        try:
            radiograph = decode(content_of(path))
        except FileRefused as reason:
            return self._refused(path, reason)
        return _Opened(path, Film.of(radiograph), radiograph if self.asked.heatmaps else None)

    def _said(self, opened: _Opened, examination: Examination) -> Read:
        release, asked, clinical = self.gate.reader.release, self.asked, opened.film.clinical
        try:
            finding = self.gate.read(examination, asked.read_anyway)
        except NotAdmitted as reason:
            return self._refused(opened.path, reason)
        finding = at_age(finding, release, clinical and clinical.age_years)
        point = release.operating_point(asked.operating_point)
        finding = stated(finding, release, point, asked.prevalence or release.training_prevalence)
        if not asked.heatmaps:
            return Read(finding_row(str(opened.path), finding))
        finding = doubted(finding, doubts(self.gate.reader, examination.seen))  # a map that is written is checked
        return Read(finding_row(str(opened.path), finding), opened.radiograph, finding)

    def _refused(self, path: Path, reason: FileRefused) -> Read:
        return Read(refusal_row(str(path), reason, self.gate.reader.release.version))
