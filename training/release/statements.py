"""Statements about a release's use, populations, limits, ethics and licence, for the app, the model card and exports.

A model for children and adults has other statements than one for children alone.
"""

from collections.abc import Collection

from model.codes import Population
from model.translation import N_

POPULATIONS = {
    Population.CHILDREN: N_(
        "Children aged one to five years at one hospital (Guangzhou Women and Children's Medical Center). Frontal (AP) "
        "radiographs. Labels were assigned by graders from the images, without clinical follow-up."
    ),
    Population.ADULTS: N_(
        "Adults from the collections BIMCV-COVID19 and MIDRC-RICORD (SIIM-FISABIO-RSNA 2021). Frontal radiographs. "
        "Radiologists labelled each study as negative for pneumonia, or with a typical, indeterminate or atypical "
        "appearance of it, and drew boxes around opacities."
    ),
}
_CHILDREN_USE = N_(
    "A second reader for clinicians who have already read a child's frontal chest radiograph themselves. It supports "
    "the clinician's decision and does not replace it. Research use only, not a medical device."
)
_USE_WITH_ADULTS = N_(
    "A second reader for clinicians who have already read the frontal chest radiograph of a young child or an adult "
    "themselves. It supports the clinician's decision and does not replace it. Research use only, not a medical device."
)
_PNEUMONIA_ONLY = N_("The model checks for pneumonia only. It does not detect other diseases.")
_LIMITS_OF_CHILDREN = (
    N_(
        "The model has been evaluated only on children from one hospital. Its performance on children elsewhere is "
        "unknown."
    ),
    N_("The model is not intended for adults, lateral views or anything other than chest radiographs."),
    N_(
        "In this data set, an image's framing, size and compression also reveal its class. The way the model is "
        "trained removes most of these cues. The shortcut audit measures what remains. Because of these remaining "
        "cues, performance on images from elsewhere may be lower than reported."
    ),
    N_(
        "The lung network was trained on manual masks that include the retrocardiac area, on radiographs from "
        "the same hospital. On other images, the network may mark areas that are not lung."
    ),
    N_("The patients in the data set are inferred from file names."),
)
# Limits of the admission check, fitted without and with real images that are not frontal chest radiographs.
ADMISSION_LIMIT = N_(
    "The check that refuses unsuitable images was trained on altered radiographs, synthetic images and example images "
    "from public Python packages, not on real images of other body parts or views."
)
ADMISSION_LIMIT_WITH_REAL_IMAGES = N_(
    "The check that refuses unsuitable images was trained on altered radiographs, on synthetic images and on real "
    "images of other body parts, other views and other scans. It may accept images of a kind that it was not trained "
    "on."
)
_LIMITS_WITH_ADULTS = (
    N_(
        "The children were all treated at one hospital. Performance on children elsewhere is unknown. The adults were "
        "imaged during the COVID-19 pandemic. Performance on adults elsewhere is measured on one other hospital."
    ),
    N_(
        "The model was not trained on patients between 6 and 17 years and is not intended for them, for lateral views "
        "or for anything other than chest radiographs."
    ),
    N_(
        "In the data set of children, an image's framing, size and compression also reveal its class. The way the "
        "model is trained removes most of these cues. The shortcut audit measures what remains. Because of these "
        "remaining cues, performance on images from elsewhere may be lower than reported."
    ),
    N_(
        "The lung network was trained on manual masks that include the retrocardiac area, on radiographs of children "
        "from one hospital. On other images, the network may mark areas that are not lung."
    ),
    N_("The patients in the data set of children are inferred from file names."),
)
_HARM_TO_CHILDREN = N_(
    "A missed case of pneumonia can cost a child's life. A false alarm can lead to unnecessary antibiotics and "
    "hospital admission. The treating clinicians weigh these harms, so they choose the operating point. No result "
    "replaces their own reading."
)
_HARM = N_(
    "A missed case of pneumonia can cost a life. A false alarm can lead to unnecessary antibiotics and hospital "
    "admission. The treating clinicians weigh these harms, so they choose the operating point. No result replaces "
    "their own reading."
)
_ORIGIN = N_(
    "The radiographs were taken during routine care and published without patient identifiers. The published "
    "labels are used unchanged."
)
_UNKNOWN_GROUPS_OF_CHILDREN = N_(
    "Performance by sex, weight or comorbidity is unknown, because the data set does not contain this "
    "information. The model may perform worse in some groups of children without anyone noticing."
)
_UNKNOWN_GROUPS = N_(
    "Performance by sex, weight or comorbidity is unknown, because the data sets do not contain this information. The "
    "model may perform worse in some groups of patients without anyone noticing."
)
_LOCAL = N_("Images and results stay on the computer that runs the model and in the user's browser.")
_LICENCE = N_(
    "Licence of the weights: Apache-2.0. They were trained on the data of Kermany, Zhang and Goldbaum 2018 (CC BY 4.0)."
)
_LICENCE_WITH_ADULTS = N_(
    "Licence of the weights: research and non-commercial use only, because they were trained on SIIM-FISABIO-RSNA 2021 "
    "(sources: BIMCV-COVID19 and MIDRC-RICORD, CC BY-NC 4.0) and on the data of Kermany, Zhang and Goldbaum 2018 (CC "
    "BY 4.0)."
)


def intended_use(populations: Collection[str]) -> str:
    """Return what a model for these populations is for."""
    return _USE_WITH_ADULTS if Population.ADULTS in populations else _CHILDREN_USE


def limits(populations: Collection[str], admission_uses_real_images: bool) -> list[str]:
    """Return the limits of a model for these populations.

    Args:
        populations: Populations of the release.
        admission_uses_real_images: Whether the admission check was fitted on real images that must be refused.
    """
    of_populations = _LIMITS_WITH_ADULTS if Population.ADULTS in populations else _LIMITS_OF_CHILDREN
    of_admission = ADMISSION_LIMIT_WITH_REAL_IMAGES if admission_uses_real_images else ADMISSION_LIMIT
    return [_PNEUMONIA_ONLY, *of_populations, of_admission]


def ethics(populations: Collection[str]) -> list[str]:
    """Return the ethical considerations of a model for these populations."""
    if Population.ADULTS in populations:
        return [_HARM, _ORIGIN, _UNKNOWN_GROUPS, _LOCAL]
    return [_HARM_TO_CHILDREN, _ORIGIN, _UNKNOWN_GROUPS_OF_CHILDREN, _LOCAL]


def licence(populations: Collection[str]) -> str:
    """Return the licence of weights that were trained on these populations."""
    return _LICENCE_WITH_ADULTS if Population.ADULTS in populations else _LICENCE
