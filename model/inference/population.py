"""Population of a patient: from the age if it is known, else as the user states. It is never guessed from the image.

The data sets come from different hospitals, so a network that guessed the population would recognise the hospital.
"""

from collections.abc import Collection

from model.codes import Population

FIRST_ADULT_YEAR = 18


def population_of(
    age_years: int | None, chosen: Population | None, available: Collection[Population]
) -> Population | None:
    """Return the population of a patient.

    Args:
        age_years: Age in completed years; None if unknown.
        chosen: Population that the user states for patients of unknown age; None if the user states none.
        available: Populations that the release was trained on. If there is only one, patients of unknown age belong to
            it, because the release is not for others.

    Returns:
        The population; None if it is unknown.
    """
    if age_years is not None:
        return Population.CHILDREN if age_years < FIRST_ADULT_YEAR else Population.ADULTS
    if chosen is None and len(available) == 1:
        return next(iter(available))
    return chosen


def judged_as(population: Population | None, available: Collection[Population]) -> Population:
    """Return the population by whose decision rules an image is judged.

    Args:
        population: Population of the patient; None if unknown.
        available: Populations that the release was trained on.

    Returns:
        The population of the patient; children if it is unknown or the release was not trained on it.
    """
    return population if population and population in available else Population.CHILDREN
