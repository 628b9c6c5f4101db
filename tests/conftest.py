"""Fixtures that more than one folder of tests needs, and how long properties are searched (`deep`)."""

from hypothesis import settings

pytest_plugins = ["tests.azurite_fixture"]

# What an example takes is the machine's business: on a busy one a deadline fails what is right.
settings.register_profile("steady", deadline=None)
settings.register_profile("deep", max_examples=20_000, deadline=None)
settings.load_profile("steady")
