"""Settings of the mutation run. A single failing example kills a mutant, so hypothesis does not shrink the example.

pytest -p tests.support.mutation_run
"""

from hypothesis import Phase, settings


def pytest_configure() -> None:
    settings.register_profile("mutation run", settings.get_profile("steady"), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutation run")
