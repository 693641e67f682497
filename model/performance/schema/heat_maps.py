"""Reliability of heat maps."""

from typing import TypedDict

from model.performance.schema.estimates import CountedEstimate


class WarningRate(CountedEstimate):
    """Share of findings whose heat map is called unreliable; `not_applicable` counts findings without evidence."""

    not_applicable: int


class OrderScores(TypedDict):
    """Mean probability while parts of the image are changed, in the order of the heat map and in random order."""

    map: CountedEstimate
    random: CountedEstimate
    better: CountedEstimate


class DeletionInsertion(TypedDict):
    """Deletion and insertion (Petsiuk et al. 2018)."""

    n: int
    steps: int
    deletion: OrderScores
    insertion: OrderScores


class LungEvidence(TypedDict):
    """Share of the positive evidence inside the lungs, and share of the input region that the lungs cover."""

    evidence: CountedEstimate
    area: CountedEstimate


class SyntheticOpacities(TypedDict):
    """Response to an opacity that was drawn into a lung of a normal image."""

    hit: CountedEstimate
    hit_before: CountedEstimate
    raised: CountedEstimate
    before: CountedEstimate
    after: CountedEstimate


class BoxAgreement(TypedDict):
    """Agreement of heat maps, and of a guess at the centre of a lung, with boxes drawn by radiologists."""

    pointing: CountedEstimate
    pointing_guess: CountedEstimate
    overlap: CountedEstimate
    overlap_guess: CountedEstimate


class BoxHits(TypedDict):
    """Agreement of opacity maps with boxes drawn by radiologists, over the images with boxes.

    `pointing` is the share of images whose hottest cell lies in a box, `area` the share of the image that boxes cover,
    which is what a random point would hit, and `overlap` the intersection over union of contour and boxes.
    """

    pointing: CountedEstimate
    area: CountedEstimate
    overlap: CountedEstimate


class OpacityMapMetrics(TypedDict):
    """Opacity maps of one population on one split.

    `boxes` is None if nobody drew boxes in this population. `inside_lungs` is over the images with pneumonia and a
    marked area. `marked_pneumonia` and `marked_normal` are the shares of images with and without pneumonia on which the
    map marks an area.
    """

    boxes: BoxHits | None
    inside_lungs: LungEvidence
    marked_pneumonia: CountedEstimate
    marked_normal: CountedEstimate


class HeatMapMetrics(TypedDict):
    """Reliability of heat maps; `warnings` is by kind of finding, `agreement` by the other explanation method."""

    warnings: dict[str, WarningRate] | None
    deletion_insertion: DeletionInsertion
    inside_lungs: LungEvidence
    agreement: dict[str, CountedEstimate]
    synthetic_opacities: SyntheticOpacities
    adult_boxes: BoxAgreement | None
