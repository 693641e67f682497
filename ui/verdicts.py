"""Names of the verdicts on screen."""

from model.inference.decision import Verdict
from model.translation import N_

VERDICT_NAMES = {
    Verdict.PNEUMONIA: N_("Signs of pneumonia"),
    Verdict.NORMAL: N_("No signs of pneumonia"),
    Verdict.INDETERMINATE: N_("Indeterminate: refer to a radiologist"),
}
