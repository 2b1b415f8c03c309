"""How the random tests of this folder run."""

from hypothesis import HealthCheck, settings

# A busy machine makes the first example slow: hypothesis reads the project's source then.
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
