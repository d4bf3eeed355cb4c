"""Pages of remote jobs: read through a connection at the API server, shared by all browsers that show one job."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_bcs.exceptions import ApiError, ConnectionSettingsError, NoAnswerError, NotFoundError
from airflow_provider_bcs.pages.html import REFRESH_ACTIVE, REFRESH_ENDED, LogLink, job_page, sentence_page
from airflow_provider_bcs.pages.logs import chosen_log
from airflow_provider_bcs.pages.model import JobView, Log, LogName
from airflow_provider_bcs.pages.shared import Reading, SharedReadings
from airflow_provider_bcs.pages.times import shown

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.pages.batchcompute import BatchComputeJob
    from airflow_provider_bcs.pages.dlc import DlcJob

__all__ = ["JobPages", "RemoteJob", "read_remote_job"]

log = logging.getLogger(__name__)

#: Seconds that a request waits for the service.
LIMIT = 3.0
#: Seconds after which the connection, and all tasks and instances, are read again.
REOPEN = 60.0


@dataclass(frozen=True)
class RemoteJob:
    """Job of a task instance.

    :ivar service: ``batchcompute`` or ``dlc``
    :ivar part: task or pod of the job that the task instance waits for; empty: the whole job
    """

    service: str
    bcs_conn_id: str
    job_id: str
    part: str = ""


def read_remote_job(value: Any) -> RemoteJob | None:
    """Return the job that an XCom names, None when the XCom is not of this package."""
    if not isinstance(value, Mapping) or value.get("service") not in ("batchcompute", "dlc"):
        return None
    names = ("service", "bcs_conn_id", "job_id", "part")
    return RemoteJob(*(str(value.get(name) or "") for name in names))


@dataclass(frozen=True)
class _Opened:
    """Reader of a job with its last view.

    :ivar until: time of the monotonic clock until which the reader is used
    """

    reader: BatchComputeJob | DlcJob
    view: JobView
    until: float


class JobPages:
    """Pages of jobs. A service that hangs delays a page by a few seconds, and no other page."""

    def __init__(self) -> None:
        self._jobs: SharedReadings[_Opened] = SharedReadings(LIMIT)
        self._logs: SharedReadings[Log] = SharedReadings(LIMIT)

    async def page(self, remote: RemoteJob, wanted: LogName | None, log_link: LogLink | None) -> str:
        """Return the page of a job, or a page with one sentence that says why there is none.

        :param wanted: log whose last lines the page has; None: the log of the first failure
        :param log_link: function from the name of a log to an address; None: the page has no logs
        """
        group = (remote.service, remote.bcs_conn_id)
        reading = await self._jobs.get(group, remote.job_id, partial(_read, remote), _interval)
        sentence = _sentence(remote, reading)
        if reading.value is None:
            return sentence_page(f"Job {remote.job_id}", sentence)
        view = reading.value.view
        if log_link is None:
            view = view.without_logs()
        elif (name := chosen_log(view, wanted)) is not None:
            view = view.with_log(name, await self._log(group, reading.value, name))
        if sentence:
            view = replace(view, notice=f"{sentence} This is the job as of {shown(view.now)}.")
        # The task that the reader comes from is the first one.
        view = replace(view, parts=sorted(view.parts, key=lambda part: part.name != remote.part))
        # Hundreds of instances take the event loop's time.
        return await asyncio.to_thread(job_page, view, log_link)

    async def _log(self, group: tuple[str, str], opened: _Opened, name: LogName) -> Log:
        unit = next(
            unit
            for part in opened.view.parts
            for unit in part.units
            if (part.name, unit.name) == (name.part, name.unit)
        )
        seconds = REFRESH_ENDED if unit.end else REFRESH_ACTIVE
        reading = await self._logs.get(
            group, (opened.view.id, name), lambda _: opened.reader.read_log(name), lambda _: seconds
        )
        return reading.value or Log(name.log, (), _problem(reading) or "nothing yet")


def _interval(opened: _Opened | None) -> float:
    return REFRESH_ENDED if opened and not opened.view.is_active else REFRESH_ACTIVE


def _read(remote: RemoteJob, before: _Opened | None) -> _Opened:
    if before is not None and time.monotonic() < before.until:
        return replace(before, view=before.reader.read())
    reader = _open(remote)
    return _Opened(reader, reader.read(), time.monotonic() + REOPEN)


def _open(remote: RemoteJob) -> BatchComputeJob | DlcJob:
    """Return the reader of a job.

    :raises ConnectionSettingsError: when the connection cannot be read here
    """
    from airflow.models.connection import Connection

    from airflow_provider_bcs.description.secrets import secret_values
    from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
    from airflow_provider_bcs.hooks.dlc import DlcHook
    from airflow_provider_bcs.pages.batchcompute import BatchComputeJob
    from airflow_provider_bcs.pages.dlc import DlcJob

    hook: ServiceHook[Any, Any] = (DlcHook if remote.service == "dlc" else BatchComputeHook)(remote.bcs_conn_id)
    # BaseHook finds no connection of the metadata database here, because it looks where a worker does (3.3.2).
    hook.get_connection = Connection.get_connection_from_secrets  # type: ignore[method-assign]
    try:
        client = hook.impatient_client()
        connection = hook.get_connection(remote.bcs_conn_id)
    except ApiError:
        raise
    except Exception as error:
        why = str(error) or type(error).__name__
        raise ConnectionSettingsError(
            f"Connection {remote.bcs_conn_id} cannot be read at the API server: {why}"
        ) from error
    secrets = [connection.password or "", *secret_values(connection.extra_dejson)]
    place = f"connection {remote.bcs_conn_id}"
    if remote.service == "dlc":
        return DlcJob(client, remote.job_id, place, secrets)
    return BatchComputeJob(client, remote.job_id, lambda: hook.object_store(attempts=1), place, secrets)


def _sentence(remote: RemoteJob, reading: Reading[_Opened]) -> str:
    """Return why a job is not shown as it is now, an empty text when it is."""
    if isinstance(reading.error, NotFoundError):
        return f"Job {remote.job_id} is gone: connection {remote.bcs_conn_id} leads to no such job. Was it deleted?"
    if problem := _problem(reading):
        return f"Job {remote.job_id}, connection {remote.bcs_conn_id}: {problem}"
    return ""


def _problem(reading: Reading[Any]) -> str:
    if reading.error is None:
        return f"The service has not answered for {reading.waited:.0f} s." if reading.waited else ""
    if isinstance(reading.error, NoAnswerError):
        return f"The service does not answer. {reading.error}"
    if isinstance(reading.error, (ApiError, ConnectionSettingsError)):
        return str(reading.error)
    log.error("A job cannot be shown", exc_info=reading.error)
    return f"The job cannot be shown ({type(reading.error).__name__}). The log of the API server says more."
