"""After one call with many rows, malloc keeps what a round frees."""

import os
import platform
import subprocess
import sys

import pytest

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc is another one")

# Rounds as a host makes them: five arrays of a value per row are allocated, written and freed. None
# has been freed before, so that glibc's thresholds are as they are in a new process.
ROUNDS = """
import resource, sys
import numpy as np
import gradpair as gp

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

n = int(sys.argv[1])
y, z = np.zeros(n, np.float32), np.zeros(n, np.float32)
counts = []
for _ in range(6):
    before = faults()
    arrays = [np.zeros(n, np.float32) for _ in range(3)]
    for array in arrays:
        array.fill(1)
    arrays += gp.xgboost.objective(gp.BinaryCrossEntropy())(z, y)
    del arrays
    counts.append(faults() - before)
print(min(counts[2:]))
"""


def faults_a_round(n, **environment):
    command = [sys.executable, "-c", ROUNDS, str(n)]
    # NumPy asks for huge pages for its own arrays, which hosts do not for theirs.
    settings = {"GRADPAIR_KEEP_HEAP": "1", "NUMPY_MADVISE_HUGEPAGE": "0"}
    environment = {**os.environ, **settings, **environment}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return int(done.stdout)


@GLIBC
@pytest.mark.parametrize("n", [1_000_000, 9_000_000])
def test_rounds_of_many_rows_map_no_memory_anew(n):
    assert faults_a_round(n) <= n // 1000


@GLIBC
@pytest.mark.parametrize("n", [1_000_000, 9_000_000])
def test_it_can_be_switched_off(n):
    assert faults_a_round(n, GRADPAIR_KEEP_HEAP="0") > n // 1000


@GLIBC
def test_thresholds_that_the_user_has_set_hold():
    thresholds = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
    assert faults_a_round(9_000_000, **thresholds) > 9000
