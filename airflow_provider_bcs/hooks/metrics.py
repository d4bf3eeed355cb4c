"""Metrics in Airflow's ``Stats``: docs/metrics.md lists their names."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

from airflow_provider_bcs.airflow_versions import host_name, stats
from airflow_provider_bcs.http.observer import Observer, Submission

__all__ = ["StatsObserver", "count_kill", "count_wait", "wait_began", "wait_ended"]

_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")
#: Longest part of a metric's name: Airflow refuses a name of more than 250 characters.
_MAX_PART = 64

_OPEN: Counter[str] = Counter()
_LOCK = threading.Lock()


class StatsObserver(Observer):
    """Observer of a client that counts in Airflow's ``Stats``. A hook gives one to each client that it makes.

    ::

        from airflow_provider_bcs.batchcompute import Client
        from airflow_provider_bcs.hooks.metrics import StatsObserver

        client = Client("cn-shanghai", "my-key-id", "my-key-secret")
        client.observer = StatsObserver("batchcompute")

    :param service: name of the service in the metrics
    :param in_triggerer: whether the client belongs to a triggerer, whose ``Stats`` are others than those of a worker
    """

    def __init__(self, service: str, *, in_triggerer: bool = False) -> None:
        self._service = service
        self._in_triggerer = in_triggerer

    def _count(self, *name: str, count: int = 1) -> None:
        _stats(self._in_triggerer).incr(_name(self._service, *name), count)

    def polled(self, operation: str) -> None:
        self._count("polls", operation)

    def failed(self, operation: str, code: str) -> None:
        self._count("errors", operation, code)

    def submitted(self, outcome: Submission) -> None:
        self._count("submissions", outcome)

    def logged(self, lines: int) -> None:
        self._count("log_lines", count=lines)


def count_kill(service: str, *, in_triggerer: bool = False) -> None:
    """Count one job that is stopped because its task has ended early."""
    _stats(in_triggerer).incr(_name(service, "kills"), 1)


def count_wait(service: str, seconds: float, *, in_triggerer: bool = False) -> None:
    """Report the duration of a wait that has ended, in seconds."""
    # Airflow takes a number for milliseconds, or for seconds, as one of its options says.
    _stats(in_triggerer).timing(_name(service, "waits", "duration"), timedelta(seconds=seconds))


def wait_began(service: str) -> None:
    """Report one more open wait of this triggerer."""
    _change_open(service, 1)


def wait_ended(service: str, seconds: float) -> None:
    """Report one open wait less of this triggerer, and its duration in seconds."""
    _change_open(service, -1)
    count_wait(service, seconds, in_triggerer=True)


def _change_open(service: str, change: int) -> None:
    with _LOCK:
        _OPEN[service] += change
        # One gauge for each triggerer, as Airflow's own triggers.running: each one sets only its own number.
        _stats(in_triggerer=True).gauge(_name(service, "waits", "open", host_name()), _OPEN[service])


def _stats(in_triggerer: bool) -> Any:
    return stats(in_triggerer=in_triggerer)


def _name(*parts: str) -> str:
    return ".".join(("bcs", *(_NO_NAME.sub("_", part)[:_MAX_PART] for part in parts)))
