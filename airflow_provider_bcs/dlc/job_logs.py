"""Write the logs of all pods of a job to a logger while the job runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias

from airflow_provider_bcs.exceptions import ApiError, NotFoundError

from .facts import RUNNING
from .logs import PodLogReader

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.polling import Log

    from .client import Client
    from .response import Job, Pod

_Key: TypeAlias = tuple[str, str]

#: Default of the most lines of all pods together in one poll interval.
MAX_LINES = 10_000
#: The service may deliver a line this long after the pod's end.
COLLECTION = timedelta(seconds=30)
# The times of a pod and the timestamps of its lines come from different clocks.
_EARLIER = timedelta(minutes=1)
_BEGINNING = datetime(2000, 1, 1, tzinfo=timezone.utc)


class JobLogs:
    """Writer of the pods' logs: each line once, with the pod's id before it when the job has several pods.

    :param limit: most lines of one call, all pods together; the next calls write the rest
    :ivar client: the client; another client of the same service may replace it
    :ivar failed: whether the last call failed to read a log
    """

    def __init__(self, client: Client, job_id: str, log: Log, limit: int = MAX_LINES) -> None:
        self.client = client
        self._job_id = job_id
        self._log = log
        self._limit = limit
        self._pods: dict[_Key, Pod] = {}
        self._readers: dict[_Key, PodLogReader] = {}
        self._read_out: set[_Key] = set()
        self.failed = False

    def write(self, job: Job, *, ended: bool = False) -> int:
        """Write new lines; return their number.

        The next call tries an unreadable log again; an unreadable log is never an error.

        :param job: the job as it is now, with its pods
        :param ended: whether the job has ended, so that its logs are complete
        """
        present = {self._key(pod): pod for pod in _incarnations(job)}
        # A pod that the service no longer returns may still have unread lines.
        self._pods.update(present)
        # A pod that runs again writes more lines.
        self._read_out -= {key for key, pod in present.items() if not pod.is_terminal}
        open_keys = [key for key in self._pods if key not in self._read_out]
        several = len(self._pods) > 1 or _pod_count(job) > 1
        self.failed = False
        written = 0
        for left, key in zip(range(len(open_keys), 0, -1), open_keys, strict=True):
            # The other pods get the lines that one pod does not need.
            share = max(1, (self._limit - written) // left)
            try:
                written += self._write_pod(key, share, several, ended or key not in present)
            except NotFoundError:
                # The log does not exist yet, or no longer.
                continue
            except ApiError as error:
                # The same service has the other logs too: the next call reads them.
                self._log.warning("The log of pod %s cannot be read now: %s", self._pods[key].PodId, error)
                self.failed = True
                break
        return written

    def _key(self, pod: Pod) -> _Key:
        """Return the identity of one incarnation of a pod: its PodUid, which the service may set late or never."""
        created = pod.PodId, pod.GmtCreateTime.isoformat() if pod.GmtCreateTime else ""
        if not pod.PodUid:
            return created
        key = pod.PodId, pod.PodUid
        if created in self._readers and key not in self._readers:
            self._readers[key] = self._readers.pop(created)
            del self._pods[created]
        return key

    def _write_pod(self, key: _Key, limit: int, several: bool, ended: bool) -> int:
        pod = self._pods[key]
        if not ended and not pod.is_terminal and not pod.GmtStartTime and pod.Status != RUNNING:
            # A waiting pod has no log yet.
            return 0
        is_over = self._is_over(pod)
        lines = self._reader(key).read(limit, ended=ended or is_over)
        for line in lines:
            if several:
                self._log.info("[%s] %s", pod.PodId, line)
            else:
                self._log.info("%s", line)
        if is_over and not lines:
            self._read_out.add(key)
        return len(lines)

    def _is_over(self, pod: Pod) -> bool:
        """Return whether a pod ended so long ago that the service has all its lines."""
        finish = pod.GmtFinishTime
        return pod.is_terminal and finish is not None and self.client.now() - finish > COLLECTION

    def _reader(self, key: _Key) -> PodLogReader:
        if key not in self._readers:
            pod = self._pods[key]
            begin = (pod.GmtCreateTime or _BEGINNING) - _EARLIER

            def fetch(start: int, end: int | None, max_lines: int) -> list[str]:
                return self.client.get_pod_logs(
                    self._job_id,
                    pod.PodId,
                    pod_uid=pod.PodUid or None,
                    start_time=_moment(start),
                    end_time=None if end is None else _moment(end),
                    max_lines=max_lines,
                ).Logs

            self._readers[key] = PodLogReader(fetch, lambda: self.client.now().timestamp(), begin.timestamp())
        return self._readers[key]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _incarnations(job: Job) -> Iterator[Pod]:
    """Yield all pods, earlier incarnations before later ones."""
    for pod in job.Pods:
        for incarnation in (*pod.HistoryPods, pod):
            if incarnation.PodId:
                yield incarnation


def _pod_count(job: Job) -> int:
    return max(len(job.Pods), sum(int(spec.get("PodCount") or 0) for spec in job.JobSpecs))
