"""Statements of a release about its use, population, limits and ethics; shown by the app, the card and exports."""

INTENDED_USE = (
    "A second reader for clinicians who look at frontal chest radiographs of children, after their own look. "
    "It supports a decision and makes none. Research use only, not a medical device."
)
POPULATION = (
    "Children of one to five years at one hospital (Guangzhou Women and Children's Medical Center), frontal (AP) "
    "films; labels by graders, without follow-up."
)
POPULATION_YEARS = (1, 5)  # youngest and oldest age, inclusive
LIMITS = (
    "It looks for pneumonia alone; other disease is not looked for.",
    "It has not been measured on children elsewhere; its figures are for films of one hospital.",
    "It is not for adults, for side views, or for anything but chest radiographs. The check that refuses other "
    "pictures learned from made ones; it was measured on no side view and on no other part of the body.",
    "In this data set the class also shows in how a film was framed, scaled and compressed. Training hides much of "
    "that; the shortcut audit tells what is left, by which the figures may flatter it on films from elsewhere.",
    "The lung network learned from fields drawn by people, through the heart, on films of the same hospital; of "
    "anything else it may find lungs where there are none.",
    "The patients of the data set are inferred from file names.",
)
ETHICS = (
    "A missed pneumonia may cost a child's life, a false alarm antibiotics and a bed: which weighs more is for those "
    "who treat, so the operating point is theirs to choose, and no finding replaces their look.",
    "The films were taken in routine care and published without names; the labels of the set are taken as they are.",
    "Nothing is measured by sex, weight or disease beside pneumonia: the set does not tell. It may fail some children "
    "more than others without anybody having seen it.",
    "Pictures stay on the computer that reads them; nothing is sent anywhere.",
)
