"""Notification: events of jobs as messages to the topics in their descriptions.

Only topics on the loopback address receive messages. A change of state creates messages while it holds the lock of
the store.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_bcs.batchcompute.facts import ACTIVE, STATES
from airflow_provider_bcs.http.loopback import is_loopback_url
from airflow_provider_bcs.local.store import Where, where

from .delivery import Delivery
from .jobs import Job, Jobs

if TYPE_CHECKING:
    from .lifecycle import InstanceKey

log = logging.getLogger(__name__)

_SCOPES = ("Job", "Task", "Instance")

#: Job, task or instance: scope, position of the task, number of the instance; 0 where they do not apply.
_Resource = tuple[str, int, int]


class Notifier:
    """Source of the messages; call its methods while holding the lock of the store."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._delivery = Delivery()
        self._refused: set[str] = set()

    @contextmanager
    def changes(self, job: Job, key: InstanceKey | None = None, *, is_new: bool = False) -> Iterator[None]:
        """Send a message for every state that the block changes.

        :param key: only instance that the block changes; None when it may change any
        :param is_new: the block creates the job
        """
        url, events = self._subscription(job)
        scopes = [scope for scope in _SCOPES if any(f"On{scope}{state}" in events for state in STATES)]
        if not scopes:
            yield
            return
        before = {} if is_new else self._states(job, scopes, key)
        yield
        after = self._states(job, scopes, key)
        changed = [resource for resource, state in after.items() if before.get(resource) != state]
        begun = [resource for resource in changed if after[resource] in ACTIVE]
        ended = [resource for resource in changed if after[resource] not in ACTIVE]
        # Assumption: instances end before their task and their job, which begin in the opposite order.
        ended.sort(key=lambda resource: _SCOPES.index(resource[0]), reverse=True)
        for resource in ended + begun:
            event = f"On{resource[0]}{after[resource]}"
            if event in events:
                self._delivery.put(url, self._body(job, event, after[resource], resource))

    def priority_changed(self, job: Job, priority: int) -> None:
        """Send OnPriorityChange with the new Priority (assumption)."""
        url, events = self._subscription(job)
        if "OnPriorityChange" in events and priority != job.priority:
            body = self._body(job, "OnPriorityChange", job.state, ("Job", 0, 0))
            self._delivery.put(url, {**body, "Priority": priority})

    def close(self) -> None:
        """Deliver the queued messages within a short time limit."""
        self._delivery.close()

    def _subscription(self, job: Job) -> tuple[str, list[str]]:
        """Return the URL and the Events of a job's topic; both are empty without a topic on the loopback address."""
        topic = job.description["Notification"]["Topic"] or {}
        name, endpoint, events = (topic.get(field) for field in ("Name", "Endpoint", "Events"))
        if not events:
            return "", []
        url = _messages_url(endpoint or "", name or "")
        if url:
            return url, events
        topic_text = f"{name!r} at {endpoint!r}"
        if topic_text not in self._refused:
            self._refused.add(topic_text)
            log.warning("Topic %s receives no events: expected http://HOST:PORT/ on the loopback address.", topic_text)
        return "", []

    def _states(self, job: Job, scopes: list[str], key: InstanceKey | None) -> dict[_Resource, str]:
        present = self._present(job)
        states: dict[_Resource, str] = {("Job", 0, 0): present.state} if "Job" in scopes else {}
        if "Task" in scopes:
            for position, state in enumerate(self._jobs.task_states(present).values()):
                states["Task", position, 0] = state
        if "Instance" in scopes:
            for position in range(len(job.tasks)) if key is None else [key.position]:
                condition = Where() if key is None else where(number=key.number)
                for row in self._jobs.instances(job, position, condition):
                    states["Instance", position, row["number"]] = row["state"]
        return states

    def _body(self, job: Job, event: str, state: str, resource: _Resource) -> dict[str, Any]:
        """Return a message. Assumption: messages of tasks and instances have the fields of GetTask and GetInstance."""
        scope, position, number = resource
        body = {"Category": "Job", "JobId": job.id, "JobName": job.description["Name"], "Event": event, "State": state}
        if scope == "Job":
            job = self._present(job)
            # EndTime and Message are assumptions.
            times = {"CreationTime": job.created, "StartTime": job.started, "EndTime": job.ended}
            return {**body, **times, "Message": job.message}
        body["TaskName"] = list(job.tasks)[position]
        if scope == "Task":
            started, ended = self._jobs.task_times(job, position, state)
            return {**body, "StartTime": started, "EndTime": ended}
        [row] = self._jobs.instances(job, position, where(number=number))
        times = {"StartTime": row["started"], "EndTime": row["ended"]}
        return {**body, "InstanceId": number, **times, "RetryCount": row["retry_count"]}

    def _present(self, job: Job) -> Job:
        present = self._jobs.by_number(job.number)
        assert present is not None
        return present


def _messages_url(endpoint: str, name: str) -> str:
    """Return the URL of a topic's messages, or an empty text unless it is on the loopback address."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
        if not name or parts.scheme not in ("http", "https") or not is_loopback_url(endpoint):
            return ""
    except ValueError:
        return ""
    # Build the URL from the checked parts: another parser could read an unusual URL in a different way.
    authority = f"[{host}]" if ":" in host else host
    path = quote(parts.path.rstrip("/"), safe="/%", errors="replace")
    topic = quote(name, safe="", errors="replace")
    return f"{parts.scheme}://{authority}{'' if port is None else f':{port}'}{path}/topics/{topic}/messages"
