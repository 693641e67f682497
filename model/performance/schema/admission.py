"""Error rates of the admission check."""

from typing import TypedDict

from model.performance.schema.estimates import CountedEstimate


class RefusalRates(TypedDict):
    """Results of the admission check on acceptable images; `codes` counts refusals and cautions by code."""

    refused: CountedEstimate
    cautioned: CountedEstimate
    codes: dict[str, int]


class NegativeRates(TypedDict):
    """Results of the admission check on one family of unsuitable images."""

    accepted: CountedEstimate
    named: CountedEstimate
    corrected: CountedEstimate | None


class AdmissionMetrics(TypedDict):
    """Error rates of the admission check; `negatives` is by family of images."""

    validation: RefusalRates
    shifted: RefusalRates
    test: RefusalRates
    adults: RefusalRates | None
    mirrored: CountedEstimate
    negatives: dict[str, NegativeRates]
