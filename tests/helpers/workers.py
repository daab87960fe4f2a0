"""Workers that share rows: threads with a reduction of their own, and processes of XGBoost."""

import importlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from xgboost.collective import CommunicatorContext, get_rank
from xgboost.tracker import RabitTracker

SECONDS = 60  # longer than any of them needs


class _Threads:
    """What the threads of one group share."""

    def __init__(self, size):
        self.size = size
        self.barrier = threading.Barrier(size, timeout=SECONDS)
        self.given = [None] * size
        self.reductions = []


class ThreadGroup:
    """One of several threads that reduce numbers together, as workers of a cluster would."""

    def __init__(self, shared, rank):
        self._shared, self.rank, self.size = shared, rank, shared.size

    def reduce(self, values, how):
        shared = self._shared
        shared.given[self.rank] = values.copy()
        shared.barrier.wait()
        assert len({given.shape for given in shared.given}) == 1
        result = {"sum": np.sum, "max": np.max}[how](shared.given, axis=0)
        if not self.rank:
            shared.reductions.append(values.size)
        shared.barrier.wait()
        return result


def in_threads(task, size):
    """Run ``task(group)`` on each worker; what each returned or raised, and the reductions."""
    shared, results = _Threads(size), [None] * size

    def run(rank):
        try:
            results[rank] = task(ThreadGroup(shared, rank))
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            results[rank] = error

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * SECONDS)
    return results, shared.reductions


def in_processes(task, *args, size=2):
    """Run a task, ``module:function``, on each of some processes that XGBoost connects.

    Returns what each returned, by rank.
    """
    with tempfile.TemporaryDirectory() as folder:
        tracker = RabitTracker(host_ip="127.0.0.1", n_workers=size)
        tracker.start()
        job = Path(folder, "job")
        job.write_bytes(pickle.dumps((task, args)))
        command = [sys.executable, "-m", __name__, json.dumps(tracker.worker_args()), folder]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        workers = [
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env=environment,
            )
            for _ in range(size)
        ]  # fmt: skip
        try:
            outputs = [worker.communicate(timeout=2 * SECONDS)[0] for worker in workers]
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()  # or its end and its pipe are left to whoever comes next
        assert [worker.returncode for worker in workers] == [0] * size, outputs
        tracker.wait_for(timeout=SECONDS)
        return [pickle.loads(Path(folder, str(rank)).read_bytes()) for rank in range(size)]


def main():
    """Be one of the processes."""
    folder = Path(sys.argv[2])
    task, args = pickle.loads((folder / "job").read_bytes())
    module, name = task.split(":")
    with CommunicatorContext(**json.loads(sys.argv[1])):
        result = getattr(importlib.import_module(module), name)(*args)
        rank = get_rank()
    (folder / str(rank)).write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    main()
