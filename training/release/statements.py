"""Statements about a release's use, population, limits and ethics, shown in the app, the model card and exports."""

from model.codes import Population
from model.translation import N_

INTENDED_USE = N_(
    "A second reader for clinicians who have already read a child's frontal chest radiograph themselves. It supports "
    "the clinician's decision and does not replace it. Research use only, not a medical device."
)
POPULATIONS = {
    Population.CHILDREN: N_(
        "Children aged one to five years at one hospital (Guangzhou Women and Children's Medical Center). Frontal (AP) "
        "radiographs. Labels were assigned by graders from the images, without clinical follow-up."
    )
}
LIMITS = (
    N_("The model checks for pneumonia only. It does not detect other diseases."),
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
ETHICS = (
    N_(
        "A missed case of pneumonia can cost a child's life. A false alarm can lead to unnecessary antibiotics and "
        "hospital admission. The treating clinicians weigh these harms, so they choose the operating point. No result "
        "replaces their own reading."
    ),
    N_(
        "The radiographs were taken during routine care and published without patient identifiers. The published "
        "labels are used unchanged."
    ),
    N_(
        "Performance by sex, weight or comorbidity is unknown, because the data set does not contain this "
        "information. The model may perform worse in some groups of children without anyone noticing."
    ),
    N_("Images and results stay on the computer that runs the model and in the user's browser."),
)
