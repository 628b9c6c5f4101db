"""Fixtures that more than one folder of tests needs, and the profile for a long search (`deep`)."""

from hypothesis import settings

pytest_plugins = ["tests.azurite_fixture"]

settings.register_profile("deep", max_examples=20_000)
