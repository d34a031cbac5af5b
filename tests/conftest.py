"""What all tests share: how hypothesis looks for counter-examples."""

import os

from hypothesis import HealthCheck, settings

# A machine that others use is slow now and then, which says nothing of the code. In CI the examples are the same each
# time: a failure there is a failure for whoever looks after it.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "house")
