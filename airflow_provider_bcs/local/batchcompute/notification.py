"""The events of jobs, as messages to the topics that the jobs name.

Only topics on this machine's loopback get any. Messages are made where a state changes, with the store's lock held.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_bcs.batchcompute.facts import ACTIVE, STATES
from airflow_provider_bcs.http.loopback import is_loopback_url

from .delivery import Delivery
from .jobs import Job, Jobs

if TYPE_CHECKING:
    from .lifecycle import InstanceKey

log = logging.getLogger(__name__)

_SCOPES = ("Job", "Task", "Instance")

#: Job, task or instance: the scope, then the task's position and the instance's number where there are any.
_Thing = tuple[str, int, int]


class Notifier:
    """Makes the messages; to be called with the store's lock held."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._delivery = Delivery()
        self._refused: set[str] = set()

    @contextmanager
    def changes(self, job: Job, key: InstanceKey | None = None, *, is_new: bool = False) -> Iterator[None]:
        """Send what has another state after the block than before it.

        :param key: the one instance that the block changes, None when it may be any
        :param is_new: whether nothing of the job had a state before
        """
        url, events = self._subscription(job)
        scopes = [scope for scope in _SCOPES if any(f"On{scope}{state}" in events for state in STATES)]
        if not scopes:
            yield
            return
        before = {} if is_new else self._states(job, scopes, key)
        yield
        after = self._states(job, scopes, key)
        begun = [thing for thing, state in after.items() if before.get(thing) != state and state in ACTIVE]
        ended = [thing for thing, state in after.items() if before.get(thing) != state and state not in ACTIVE]
        # Assumption: what ends does so from the instances up, what begins from the job down.
        ended.sort(key=lambda thing: _SCOPES.index(thing[0]), reverse=True)
        for thing in ended + begun:
            event = f"On{thing[0]}{after[thing]}"
            if event in events:
                self._delivery.put(url, self._body(job, event, after[thing], thing))

    def priority_changed(self, job: Job, priority: int) -> None:
        """Send OnPriorityChange; that it tells the new Priority is an assumption."""
        url, events = self._subscription(job)
        if "OnPriorityChange" in events and priority != job.priority:
            body = self._body(job, "OnPriorityChange", job.state, ("Job", 0, 0))
            self._delivery.put(url, {**body, "Priority": priority})

    def close(self) -> None:
        """Post what is left, for a short time."""
        self._delivery.close()

    def _subscription(self, job: Job) -> tuple[str, list[str]]:
        """Return where the topic takes messages, and the events it gets, none when it may not be reached."""
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
            log.warning("Topic %s gets no events: it is not http://HOST:PORT/ on this machine's loopback.", topic_text)
        return "", []

    def _states(self, job: Job, scopes: list[str], key: InstanceKey | None) -> dict[_Thing, str]:
        present = self._present(job)
        states: dict[_Thing, str] = {("Job", 0, 0): present.state} if "Job" in scopes else {}
        if "Task" in scopes:
            for position, state in enumerate(self._jobs.task_states(present).values()):
                states["Task", position, 0] = state
        if "Instance" in scopes:
            for position in range(len(job.tasks)) if key is None else [key.position]:
                tail, values = ("", ()) if key is None else ("AND number = ?", (key.number,))
                for row in self._jobs.instances(job, position, tail, *values):
                    states["Instance", position, row["number"]] = row["state"]
        return states

    def _body(self, job: Job, event: str, state: str, thing: _Thing) -> dict[str, Any]:
        """Return a message. Those of tasks and instances are not documented: the names of GetTask and GetInstance."""
        scope, position, number = thing
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
        [row] = self._jobs.instances(job, position, "AND number = ?", number)
        times = {"StartTime": row["started"], "EndTime": row["ended"]}
        return {**body, "InstanceId": number, **times, "RetryCount": row["retry_count"]}

    def _present(self, job: Job) -> Job:
        present = self._jobs.by_number(job.number)
        assert present is not None
        return present


def _messages_url(endpoint: str, name: str) -> str:
    """Return the URL of a topic's messages, empty unless it is on this machine's loopback."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
        if not name or parts.scheme not in ("http", "https") or not is_loopback_url(endpoint):
            return ""
    except ValueError:
        return ""
    # Put together anew, so that what was looked at is what is asked: parsers disagree on odd ones.
    authority = f"[{host}]" if ":" in host else host
    path = quote(parts.path.rstrip("/"), safe="/%", errors="replace")
    topic = quote(name, safe="", errors="replace")
    return f"{parts.scheme}://{authority}{'' if port is None else f':{port}'}{path}/topics/{topic}/messages"
