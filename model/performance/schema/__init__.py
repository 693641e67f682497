"""Structure of metrics.json: the training program writes it, `model.performance` reads it.

Shares, rates and probabilities are 0-1. Unless stated otherwise, `n` counts images; `patients` counts their patients.
"""

from model.performance.schema.admission import (
    AdmissionMetrics,
    NegativeRates,
    RefusalRates,
)
from model.performance.schema.classification import (
    CalibrationErrors,
    CalibrationMetrics,
    ConformalMetrics,
    Confusion,
    ExternalMetrics,
    OperatingPointMetrics,
    PredictiveValues,
    Ranking,
    Rates,
    SimilarCaseMetrics,
    SplitMetrics,
    ViewMetrics,
)
from model.performance.schema.estimates import (
    CountedEstimate,
    Estimate,
)
from model.performance.schema.heat_maps import (
    BoxAgreement,
    DeletionInsertion,
    HeatMapMetrics,
    LungEvidence,
    OrderScores,
    SyntheticOpacities,
    WarningRate,
)
from model.performance.schema.release import (
    NamedThreshold,
    PerturbationRates,
    PopulationMetrics,
    ReleaseMetrics,
    RobustnessMetrics,
    StorageRobustness,
    ToneMetrics,
)
from model.performance.schema.shortcuts import (
    BoxErrors,
    DiceScores,
    LungMetrics,
    MaskedLungs,
    ScaledCopies,
    ScaledCopy,
    ShortcutAudit,
    SizedAuc,
    SizeStratum,
)

__all__ = [
    "AdmissionMetrics",
    "BoxAgreement",
    "BoxErrors",
    "CalibrationErrors",
    "CalibrationMetrics",
    "ConformalMetrics",
    "Confusion",
    "CountedEstimate",
    "DeletionInsertion",
    "DiceScores",
    "Estimate",
    "ExternalMetrics",
    "HeatMapMetrics",
    "LungEvidence",
    "LungMetrics",
    "MaskedLungs",
    "NamedThreshold",
    "NegativeRates",
    "OperatingPointMetrics",
    "OrderScores",
    "PerturbationRates",
    "PopulationMetrics",
    "PredictiveValues",
    "Ranking",
    "Rates",
    "RefusalRates",
    "ReleaseMetrics",
    "RobustnessMetrics",
    "ScaledCopies",
    "ScaledCopy",
    "ShortcutAudit",
    "SimilarCaseMetrics",
    "SizeStratum",
    "SizedAuc",
    "SplitMetrics",
    "StorageRobustness",
    "SyntheticOpacities",
    "ToneMetrics",
    "ViewMetrics",
    "WarningRate",
]
