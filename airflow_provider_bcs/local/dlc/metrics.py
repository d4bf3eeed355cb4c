"""Metrics of running pods: CPU, memory and disk usage."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from airflow_provider_bcs.local.shim.proc import descendants, process_tree, read_process

from .jobs import Jobs, Pod

#: Interval between two samples in real seconds.
SAMPLE_SECONDS = 1.0
#: Columns of the samples by MetricType.
COLUMNS = {
    "CpuCoreUsage": "cpu",
    "MemoryUsage": "memory",
    "DiskReadRate": "disk_read",
    "DiskWriteRate": "disk_write",
}
#: MetricTypes of PAI-DLC without samples in the local service.
UNMEASURED = ("GpuCoreUsage", "GpuMemoryUsage", "NetworkInputRate", "NetworkOutputRate")


class Usage(NamedTuple):
    """Resource usage of a process since its start.

    :ivar cpu: CPU time in seconds
    :ivar memory: current resident memory in bytes
    :ivar read: bytes read from disk
    :ivar written: bytes written to disk
    """

    cpu: float
    memory: int
    read: int
    written: int


_NOTHING = Usage(0, 0, 0, 0)


class Sampler:
    """Sampler of the processes of running pods.

    :ivar last: time of the last sample on the monotonic clock
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._store = jobs.store
        self._before: dict[Pod, dict[int, Usage]] = {}
        self.last = 0.0

    def sample(self, shims: Mapping[Pod, int]) -> None:
        """Record one sample of each pod that was also running at the previous call.

        :param shims: process ids of the shims, whose descendants are the processes of the pods
        """
        now = time.monotonic()
        elapsed, self.last = now - self.last, now
        tree = process_tree()
        usages = {pod: _usages(descendants(pid, tree)) for pod, pid in shims.items()}
        with self._store.transaction():
            for pod, processes in usages.items():
                if pod in self._before:
                    self._record(pod, self._before[pod], processes, elapsed)
        self._before = usages

    def _record(self, pod: Pod, before: Mapping[int, Usage], now: Mapping[int, Usage], elapsed: float) -> None:
        # The usage of processes that ended since the previous sample is not available.
        pairs = [(usage, before.get(pid, _NOTHING)) for pid, usage in now.items()]
        self._store.execute(
            "INSERT INTO dlc_samples SELECT number, ?, ?, ?, ?, ?, ? FROM dlc_jobs WHERE number = ?",
            pod.id,
            self._jobs.clock.now(),
            sum(max(0.0, later.cpu - earlier.cpu) for later, earlier in pairs) / elapsed,
            sum(later.memory for later, _ in pairs),
            sum(max(0, later.read - earlier.read) for later, earlier in pairs) / elapsed,
            sum(max(0, later.written - earlier.written) for later, earlier in pairs) / elapsed,
            pod.job,
        )


def _usages(pids: list[int]) -> dict[int, Usage]:
    found = {}
    for pid in pids:
        try:
            found[pid] = _usage(pid)
        except OSError:
            # The process has ended meanwhile, or this user may not see it.
            continue
    return found


def _usage(pid: int) -> Usage:
    process = read_process(pid)
    with open(f"/proc/{pid}/io", "rb") as file:
        counters = dict(line.split(b": ") for line in file.read().splitlines())
    return Usage(process.cpu, process.memory, int(counters[b"read_bytes"]), int(counters[b"write_bytes"]))
