"""Settings of all tests."""

import os

# The rows are few: a second thread costs more than it brings, and two that wait for each other on a
# busy machine cost minutes. It must be set before a host is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
