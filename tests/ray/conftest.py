"""A Ray of two workers on this machine."""

import os
import secrets
import sys
import tempfile

import pytest

from helpers.limits import at_most

# It reads them when it is imported.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # of one machine: everything listens on loopback
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # or it writes one into the user's home
}


@pytest.fixture(scope="session")
def cluster():
    """Start Ray, return the folder of its results, and stop it."""
    pytest.importorskip("ray.train")
    import ray  # noqa: PLC0415

    # Its sockets need a short path.
    with at_most(900), tempfile.TemporaryDirectory(prefix="ray-") as folder:
        # Its workers import the tests by their names.
        os.environ |= {"RAY_TMPDIR": folder, "PYTHONPATH": os.pathsep.join(sys.path)}
        ray.init(num_cpus=3, include_dashboard=False, object_store_memory=100 << 20)
        yield folder
        ray.shutdown()
