"""Settings of all tests."""

import os
import tempfile

# The rows are few: a second thread costs more than it brings, and two that wait for each other on a
# busy machine cost minutes. It must be set before a host is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# numba looks for changes in the file of a loop alone, not in those that it imports: what is on disk
# may have been compiled from other code.
_compiled = tempfile.TemporaryDirectory(prefix="gradpair-numba-")
os.environ["NUMBA_CACHE_DIR"] = _compiled.name
