"""Read one file as the shell was asked to: its row, and what its heat map is drawn from."""

from dataclasses import dataclass
from pathlib import Path

from model.decode import content_of, decode
from model.errors import FileRefused
from model.explanation_checks import doubted, doubts
from model.gate import Gate
from model.radiograph import Radiograph
from model.reader import Finding, Reader, at_age, stated
from model.release import load_release
from model.rows import Row, finding_row, refusal_row


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


class FileReader:
    """Reads files with one release; safe to share between threads."""

    def __init__(self, asked: Asked):
        """Open the release.

        Raises:
            ReleaseError: it cannot be used.
        """
        self.asked = asked
        self.gate = Gate.of(Reader(load_release(asked.release)))

    def read(self, path: Path) -> Read:
        """Read one file; one that is refused has a row, too.

        Raises:
            ReleaseMismatch: a network gave no number.
        """
        release, asked = self.gate.reader.release, self.asked
        try:
            radiograph = self.decoded(path)
            examination = self.gate.examine(radiograph)
            finding = self.gate.read(examination, asked.read_anyway)
        except FileRefused as reason:
            return Read(refusal_row(str(path), reason, release.version))
        finding = at_age(finding, release, radiograph.clinical and radiograph.clinical.age_years)
        point = release.operating_point(asked.operating_point)
        finding = stated(finding, release, point, asked.prevalence or release.training_prevalence)
        if not asked.heatmaps:
            return Read(finding_row(str(path), finding))
        finding = doubted(finding, doubts(self.gate.reader, examination.seen))  # a map that is written is checked
        return Read(finding_row(str(path), finding), radiograph, finding)

    def decoded(self, path: Path) -> Radiograph:
        """The radiograph of a file; see `decode`."""
        return decode(content_of(path))
