"""Write the logs of all pods of a job to a logger while the job runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from airflow_provider_bcs.exceptions import ApiError, NotFoundError
from airflow_provider_bcs.waiting.line_level import level_of, log_line

from .facts import RUNNING
from .logs import PodLogReader

if TYPE_CHECKING:
    from airflow_provider_bcs.waiting.polling import Log

    from .client import Client
    from .response import Job, Pod

_Key: TypeAlias = tuple[str, str]

#: Default maximum of lines per poll, of all pods together.
MAX_LINES = 10_000
#: Time after a pod's end in which GetPodLogs may still return new lines.
MAX_LOG_DELAY = timedelta(seconds=30)
# The times of a pod and the stamps of its lines come from different clocks.
_CLOCK_TOLERANCE = timedelta(minutes=1)
_BEGINNING = datetime(2000, 1, 1, tzinfo=timezone.utc)
#: Later than the time of each line.
_LATEST = "~"
_STAMP = re.compile(r"\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?")


class _Line(NamedTuple):
    """Line of a pod's log.

    :ivar time: text that sorts by time; that of the line before for a line without a time
    """

    time: str
    pod_id: str
    text: str


class JobLogs:
    """Writer of the pods' logs of one job. Each line is written once, at the level of its prefix.

    If the job has several pods, the pod's role and number stand before the line, and the lines of one call are in order
    of time.

    :param client: reads the logs
    :param job_id: ``JobId`` of the job
    :param log: receives the lines
    :param limit: maximum number of lines per call, of all pods together; the next calls write the others
    :ivar client: the client; may be replaced by another one of the same service
    :ivar failed: whether the last call could not read a log
    :ivar has_more: whether the last call left out lines because of the limit
    """

    def __init__(self, client: Client, job_id: str, log: Log, limit: int = MAX_LINES) -> None:
        self.client = client
        self._job_id = job_id
        self._log = log
        self._limit = limit
        self._pods: dict[_Key, Pod] = {}
        self._readers: dict[_Key, PodLogReader] = {}
        self._complete: set[_Key] = set()
        # Time of the last line that was read of each log.
        self._times: dict[_Key, str] = {}
        # Lines that were read before the limit allowed to write them, in order of time.
        self._left: list[_Line] = []
        # Time of the service's clock that all pods are read up to. Without it, a pod would be ahead of the next one.
        self._now = 0.0
        self.failed = False
        self.has_more = False

    def write(self, job: Job, *, ended: bool = False) -> int:
        """Write the new lines and return their number.

        A log that cannot be read raises no error: it is a warning, and the next call reads the log again.

        :param job: the present state of the job, with its pods
        :param ended: True once the job has ended; the logs are then read up to the present
        """
        present = {self._key(pod): pod for pod in _incarnations(job)}
        # A pod that GetJob returns no more may have lines that were not read.
        self._pods.update(present)
        # A pod that runs again after its end writes more lines.
        self._complete -= {key for key, pod in present.items() if not pod.is_terminal}
        open_keys = [key for key in self._pods if key not in self._complete]
        self.failed = False
        self._now = self.client.now().timestamp()
        lines = self._left
        # Time up to which the lines of all pods were read.
        known = _LATEST
        for left, key in zip(range(len(open_keys), 0, -1), open_keys, strict=True):
            # The lines that one pod leaves of its share are shared by the pods after it.
            share = max(1, (self._limit - len(lines)) // left)
            try:
                found = self._read_pod(key, share, ended or key not in present)
                lines += found
                if len(found) >= share:
                    known = min(known, found[-1].time)
            except NotFoundError:
                # The pod has no log yet, or its log was deleted.
                continue
            except ApiError as error:
                # All logs come from the same service, so the other pods wait for the next call too.
                pod_name = short_pod_id(self._job_id, self._pods[key].PodId)
                self._log.warning("The log of pod %s could not be read: %s", pod_name, error)
                self.failed = True
                break
        return self._write_until(known, lines, several=len(self._pods) > 1 or _pod_count(job) > 1)

    def _write_until(self, known: str, lines: list[_Line], *, several: bool) -> int:
        """Write the lines up to a time and keep the others; return the number of written lines."""
        # The sort is stable: equal times keep the order of the pods and of each log.
        lines.sort(key=attrgetter("time"))
        self._left = [line for line in lines if line.time > known]
        self.has_more = known != _LATEST
        written = lines[: len(lines) - len(self._left)]
        for line in written:
            if several:
                pod = short_pod_id(self._job_id, line.pod_id)
                log_line(self._log, level_of(line.text), "[%s] %s", pod, line.text)
            else:
                log_line(self._log, level_of(line.text), "%s", line.text)
        if written:
            self.client.observer.logged(len(written))
        return len(written)

    def _key(self, pod: Pod) -> _Key:
        """Return the key of one incarnation: its PodUid, or its creation time while the service returns no PodUid."""
        created = pod.PodId, pod.GmtCreateTime.isoformat() if pod.GmtCreateTime else ""
        if not pod.PodUid:
            return created
        key = pod.PodId, pod.PodUid
        if created in self._readers and key not in self._readers:
            self._readers[key] = self._readers.pop(created)
            self._times[key] = self._times.pop(created, "")
            del self._pods[created]
        return key

    def _read_pod(self, key: _Key, limit: int, ended: bool) -> list[_Line]:
        pod = self._pods[key]
        if not ended and not pod.is_terminal and not pod.GmtStartTime and pod.Status != RUNNING:
            # A pod that has not started has no log.
            return []
        is_complete = self._is_complete(pod)
        lines = self._reader(key).read(limit, ended=ended or is_complete)
        if is_complete and not lines:
            self._complete.add(key)
        found = list(_timed(pod.PodId, lines, self._times.get(key, "")))
        if found:
            self._times[key] = found[-1].time
        return found

    def _is_complete(self, pod: Pod) -> bool:
        """Return whether the pod ended so long ago that no new line of it can appear."""
        finish = pod.GmtFinishTime
        return pod.is_terminal and finish is not None and self.client.now() - finish > MAX_LOG_DELAY

    def _reader(self, key: _Key) -> PodLogReader:
        if key not in self._readers:
            pod = self._pods[key]
            begin = (pod.GmtCreateTime or _BEGINNING) - _CLOCK_TOLERANCE

            def fetch(start: int, end: int | None, max_lines: int) -> list[str]:
                return self.client.get_pod_logs(
                    self._job_id,
                    pod.PodId,
                    pod_uid=pod.PodUid or None,
                    start_time=_utc_time(start),
                    end_time=None if end is None else _utc_time(end),
                    max_lines=max_lines,
                ).Logs

            self._readers[key] = PodLogReader(fetch, lambda: self._now, begin.timestamp())
        return self._readers[key]


def short_pod_id(job_id: str, pod_id: str) -> str:
    """Return the part of a ``PodId`` after the job's id: the pod's role and its number within the role.

    >>> short_pod_id("dlc0000000000000", "dlc0000000000000-worker-0")
    'worker-0'
    """
    return pod_id.removeprefix(f"{job_id}-")


def _timed(pod_id: str, lines: Iterable[str], time: str) -> Iterator[_Line]:
    """Yield the lines of one log with times that never decrease, so that sorting keeps the order of the log.

    :param time: time of the line before
    """
    for line in lines:
        if found := _STAMP.match(line):
            time = max(time, " ".join(part for part in found.groups() if part))
        yield _Line(time, pod_id, line)


def _utc_time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _incarnations(job: Job) -> Iterator[Pod]:
    """Yield the incarnations of all pods, those in HistoryPods before the present one."""
    for pod in job.Pods:
        for incarnation in (*pod.HistoryPods, pod):
            if incarnation.PodId:
                yield incarnation


def _pod_count(job: Job) -> int:
    return max(len(job.Pods), sum(int(spec.get("PodCount") or 0) for spec in job.JobSpecs))
