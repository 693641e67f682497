"""Read files as the shell was asked to: the row of each, and what its heat map is drawn from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.admission.gate import AdmissionGate, AdmissionResult
from model.errors import FileRefused, NotAdmitted
from model.explanation.reliability import reliability_warnings, with_reliability_caution
from model.imaging.decode import decode, read_limited
from model.imaging.preprocessing import PreparedImage
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.finding import Finding, restate, with_age_caution
from model.inference.finding_rows import Row, finding_row, refusal_row
from model.inference.release_loader import load_release


@dataclass(frozen=True)
class ReadOptions:
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
class FileResult:
    """What became of one file; the radiograph is kept only for its heat map."""

    row: Row
    radiograph: Radiograph | None = None
    finding: Finding | None = None


@dataclass(frozen=True, eq=False)
class DecodedFile:
    """A file that could be decoded; its radiograph, which may be large, only where a heat map is wanted."""

    path: Path
    film: PreparedImage
    radiograph: Radiograph | None


class FileReader:
    """Reads files with one release; safe to share between threads."""

    def __init__(self, asked: ReadOptions):
        """Open the release.

        Raises:
            ReleaseError: it cannot be used.
        """
        self.asked = asked
        self.gate = AdmissionGate.from_classifier(Classifier(load_release(asked.release)))

    def read(self, paths: Iterable[Path]) -> list[FileResult]:
        """Read files, each step of all of them before the next (see `Classifier.infer_batch`); what is refused has a row, too.

        Args:
            paths: taken one by one as they are opened, which takes longest where files are large.

        Raises:
            ReleaseMismatch: a network gave no number.
        """
        opened = [self._opened(path) for path in paths]
        films = [one for one in opened if isinstance(one, DecodedFile)]
        admission_results = iter(self.gate.examine_batch([one.film for one in films]))
        return [self._said(one, next(admission_results)) if isinstance(one, DecodedFile) else one for one in opened]

    def _opened(self, path: Path) -> DecodedFile | FileResult:
        try:
            radiograph = decode(read_limited(path))
        except FileRefused as reason:
            return self._refused(path, reason)
        return DecodedFile(path, PreparedImage.from_radiograph(radiograph), radiograph if self.asked.heatmaps else None)

    def _said(self, opened: DecodedFile, admission_result: AdmissionResult) -> FileResult:
        release, asked, metadata = self.gate.classifier.release, self.asked, opened.film.metadata
        try:
            finding = self.gate.read(admission_result, asked.read_anyway)
        except NotAdmitted as reason:
            return self._refused(opened.path, reason)
        finding = with_age_caution(finding, release, metadata and metadata.age_years)
        point = release.operating_point(asked.operating_point)
        finding = restate(finding, release, point, asked.prevalence or release.training_prevalence)
        if not asked.heatmaps:
            return FileResult(finding_row(str(opened.path), finding))
        finding = with_reliability_caution(
            finding, reliability_warnings(self.gate.classifier, admission_result.inference)
        )  # a map that is written is checked
        return FileResult(finding_row(str(opened.path), finding), opened.radiograph, finding)

    def _refused(self, path: Path, reason: FileRefused) -> FileResult:
        return FileResult(refusal_row(str(path), reason, self.gate.classifier.release.version))
