"""What a release says of itself beside its numbers; shown by the app, the card and every export."""

INTENDED_USE = (
    "A second reader for clinicians who look at frontal chest radiographs of children, after their own look. "
    "It supports a decision and makes none. Research use only, not a medical device."
)
POPULATION = (
    "Children of one to five years at one hospital (Guangzhou Women and Children's Medical Center), frontal (AP) "
    "films; labels by graders, without follow-up."
)
LIMITS = (
    "It looks for pneumonia alone; other disease is not looked for.",
    "It has not been measured on children elsewhere; its figures are for films of one hospital.",
    "It is not for adults, for side views, or for anything but chest radiographs; it reads whatever picture it is "
    "given, and does not yet refuse the wrong one.",
    "In this data set the class also shows in how a film was framed, scaled and compressed. Reading the lungs' box "
    "alone and randomising the rest in training takes most of that away; the shortcut audit tells what is left.",
    "The lungs were drawn through the heart, by people, on films of the same hospital; where their box is wrong, so "
    "may be the reading.",
    "The patients of the data set are inferred from file names.",
)
