"""Properties are not timed one by one: a busy machine would fail them. What must be fast is measured where it must."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
