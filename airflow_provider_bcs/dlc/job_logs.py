"""The logs of all pods of a job, written to a logger while the job runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from airflow_provider_bcs.openapi.errors import OpenApiError

from .logs import PodLogReader

if TYPE_CHECKING:
    from airflow_provider_bcs.openapi.polling import Log

    from .client import Client
    from .response import Job, Pod

#: The most lines an interval, of all pods together, unless told otherwise.
MAX_LINES = 10_000
#: How long after a pod's end a line of it may turn up.
COLLECTION = timedelta(seconds=30)
# A pod's own times and the stamps of its lines come from different clocks.
_EARLIER = timedelta(minutes=1)
_BEGINNING = datetime(2000, 1, 1, tzinfo=timezone.utc)


class JobLogs:
    """Writes each line of each pod once, with the pod's id before it when there is more than one.

    :param limit: the most lines a call, all pods together; what is beyond comes with the next calls
    """

    def __init__(self, client: Client, job_id: str, log: Log, limit: int = MAX_LINES) -> None:
        self._client = client
        self._job_id = job_id
        self._log = log
        self._limit = limit
        self._readers: dict[tuple[str, str], PodLogReader] = {}
        self._read_out: set[tuple[str, str]] = set()

    def write(self, job: Job, *, ended: bool = False) -> int:
        """Write what is new; return the number of lines.

        A log that cannot be read now is tried again with the next call, and is never a reason to fail.

        :param job: the job as it is now, with its pods
        :param ended: whether the job has ended, so that the logs are whole
        """
        pods = [pod for pod in _incarnations(job) if (pod.PodId, pod.PodUid) not in self._read_out]
        several = len(pods) + len(self._read_out) > 1 or _pod_count(job) > 1
        written = 0
        for left, pod in zip(range(len(pods), 0, -1), pods, strict=True):
            # What one pod does not use is for the others.
            share = max(1, (self._limit - written) // left)
            written += self._write_pod(pod, share, several, ended)
        return written

    def _write_pod(self, pod: Pod, limit: int, several: bool, ended: bool) -> int:
        if not pod.GmtStartTime and not pod.is_terminal and not ended and pod.Status != "Running":
            # A pod that waits has no log yet.
            return 0
        is_over = self._is_over(pod)
        try:
            lines = self._reader(pod).read(limit, ended=ended or is_over)
        except OpenApiError as error:
            self._log.warning("The log of pod %s cannot be read now: %s", pod.PodId, error)
            return 0
        for line in lines:
            if several:
                self._log.info("[%s] %s", pod.PodId, line)
            else:
                self._log.info("%s", line)
        if is_over and not lines:
            self._read_out.add((pod.PodId, pod.PodUid))
        return len(lines)

    def _is_over(self, pod: Pod) -> bool:
        """Tell whether a pod ended so long ago that no line of it can still be on its way."""
        finish = pod.GmtFinishTime
        return pod.is_terminal and finish is not None and self._client.now() - finish > COLLECTION

    def _reader(self, pod: Pod) -> PodLogReader:
        key = pod.PodId, pod.PodUid
        if key not in self._readers:
            begin = (pod.GmtCreateTime or _BEGINNING) - _EARLIER

            def fetch(start: int, end: int | None, max_lines: int) -> list[str]:
                return self._client.get_pod_logs(
                    self._job_id,
                    pod.PodId,
                    pod_uid=pod.PodUid or None,
                    start_time=_moment(start),
                    end_time=None if end is None else _moment(end),
                    max_lines=max_lines,
                ).Logs

            self._readers[key] = PodLogReader(fetch, lambda: self._client.now().timestamp(), begin.timestamp())
        return self._readers[key]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _incarnations(job: Job) -> Iterator[Pod]:
    """Yield all pods, earlier incarnations before later ones."""
    for pod in job.Pods:
        yield from pod.HistoryPods
        yield pod


def _pod_count(job: Job) -> int:
    return max(len(job.Pods), sum(int(spec.get("PodCount") or 0) for spec in job.JobSpecs))
