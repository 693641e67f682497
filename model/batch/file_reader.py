"""Read files for the command line: one row per file, plus radiograph and finding if heat maps are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.admission.gate import AdmissionGate, AdmissionResult
from model.codes import Population
from model.errors import FileRefused, NotAdmitted
from model.explanation.reliability import reliability_warnings
from model.imaging.decode import decode, read_limited
from model.imaging.preprocessing import PreparedImage
from model.imaging.radiograph import Radiograph
from model.inference.classifier import load_model
from model.inference.finding import Finding, HeatMapCheck, present
from model.inference.finding_rows import Row, finding_row, refusal_row
from model.inference.population import population_of


@dataclass(frozen=True)
class ReadOptions:
    """Options of `python -m model read` that apply to every file.

    Attributes:
        release: Folder of the trained model.
        operating_point: Name of an operating point; None for the default of the release.
        prevalence: Share of the X-rayed patients who have pneumonia, 0-1, that the row refers to; None for that in the
            training images of the population.
        include_refused: Whether to read images that the admission check refuses; their rows are marked.
        heatmaps: Whether heat maps are written, and therefore checked.
        population: Population of the patients whose age is not in the file; None if unknown.
    """

    release: Path
    operating_point: str | None = None
    prevalence: float | None = None
    include_refused: bool = False
    heatmaps: bool = False
    population: Population | None = None


@dataclass(frozen=True, eq=False)
class FileResult:
    """Row of one file, with radiograph and finding only if its heat map is written."""

    row: Row
    radiograph: Radiograph | None = None
    finding: Finding | None = None


@dataclass(frozen=True, eq=False)
class DecodedFile:
    """A decoded file. The radiograph, which may be large, is kept only if heat maps are written."""

    path: Path
    image: PreparedImage
    radiograph: Radiograph | None


class FileReader:
    """Reads files with one release. Safe to share between threads."""

    def __init__(self, options: ReadOptions) -> None:
        """Load the release.

        Raises:
            ReleaseError: The release cannot be used.
        """
        self.options = options
        self.gate = AdmissionGate.from_classifier(load_model(options.release))

    def read(self, paths: Iterable[Path]) -> list[FileResult]:
        """Read a batch of files; each step runs on all files before the next step starts, see `Classifier.infer_batch`.

        Args:
            paths: Files; consumed one by one, because decoding a large file takes longest.

        Returns:
            One result per file, in order. The row of a refused file has the reason.

        Raises:
            ReleaseIncompatible: A network returned a value that is not finite.
        """
        files = [self._decode(path) for path in paths]
        images = [file.image for file in files if isinstance(file, DecodedFile)]
        admission_results = iter(self.gate.examine_batch(images))
        return [
            self._read_decoded(file, next(admission_results)) if isinstance(file, DecodedFile) else file
            for file in files
        ]

    def _decode(self, path: Path) -> DecodedFile | FileResult:
        try:
            radiograph = decode(read_limited(path))
        except FileRefused as refusal:
            return self._refuse(path, refusal)
        image = PreparedImage.from_radiograph(radiograph)
        return DecodedFile(path, image, radiograph if self.options.heatmaps else None)

    def _read_decoded(self, file: DecodedFile, admission_result: AdmissionResult) -> FileResult:
        try:
            finding = self.gate.read(admission_result, self.options.include_refused)
        except NotAdmitted as refusal:
            return self._refuse(file.path, refusal)
        finding = self._present(finding, file, admission_result)
        row = finding_row(str(file.path), finding)
        return FileResult(row, file.radiograph, finding) if self.options.heatmaps else FileResult(row)

    def _present(self, finding: Finding, file: DecodedFile, admission_result: AdmissionResult) -> Finding:
        classifier, options, metadata = self.gate.classifier, self.options, file.image.metadata
        release, check = classifier.release, None
        age_years = metadata.age_years if metadata else None
        if options.heatmaps:
            check = HeatMapCheck(reliability_warnings(classifier, admission_result.inference))
        return present(
            finding,
            release,
            population=population_of(age_years, options.population, release.populations),
            operating_point=options.operating_point,
            prevalence=options.prevalence,
            age_years=age_years,
            heat_map_check=check,
        )

    def _refuse(self, path: Path, refusal: FileRefused) -> FileResult:
        return FileResult(refusal_row(str(path), refusal, self.gate.classifier.release.version))
