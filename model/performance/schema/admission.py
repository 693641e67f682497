"""Error rates of the admission check."""

from typing import TypedDict

from model.performance.schema.estimates import CountedEstimate


class RefusalRates(TypedDict):
    """Results of the admission check for acceptable images; `codes` counts refusals and cautions by code."""

    refused: CountedEstimate
    cautioned: CountedEstimate
    codes: dict[str, int]


class NegativeRates(TypedDict):
    """Results of the admission check for one family of unsuitable images."""

    accepted: CountedEstimate
    named: CountedEstimate
    corrected: CountedEstimate | None


class PopulationRefusals(TypedDict):
    """Results of the admission check for the images of one population."""

    validation: RefusalRates
    shifted: RefusalRates
    test: RefusalRates


class AdmissionMetrics(TypedDict):
    """Error rates of the admission check.

    `negatives` has one entry per family of unsuitable images, `populations` one per population of the splits.
    `not_chest` has the rates for all real images that are not frontal chest radiographs together.
    """

    validation: RefusalRates
    shifted: RefusalRates
    test: RefusalRates
    adults: RefusalRates | None
    mirrored: CountedEstimate
    negatives: dict[str, NegativeRates]
    populations: dict[str, PopulationRefusals]
    not_chest: NegativeRates | None
