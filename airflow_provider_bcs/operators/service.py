"""Base of the operators that act on something which exists already: a job, a task of it, a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook
from airflow_provider_bcs.operators.doc import LazyDoc

__all__ = ["ServiceOperator", "seconds"]

H = TypeVar("H", bound=ServiceHook[Any, Any])


class ServiceOperator(BaseOperator, Generic[H]):
    """Operator with the hook of one service.

    :param bcs_conn_id: id of the Airflow connection (templated)
    """

    template_fields: Sequence[str] = ("bcs_conn_id",)
    doc_md = LazyDoc()
    hook_class: type[H]

    def __init__(self, *, bcs_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id

    def _page(self) -> str | None:
        """Return Markdown that says what the task does, None when nothing is known of it."""
        return None

    @cached_property
    def hook(self) -> H:
        """The hook. Use it in ``execute`` only: before, ``bcs_conn_id`` may be a template."""
        return self.hook_class(self.bcs_conn_id)


def seconds(interval: float | timedelta) -> float:
    """Return a ``poll_interval`` in seconds.

    :raises ValueError: when it is no number above 0 and no timedelta
    """
    number = interval.total_seconds() if isinstance(interval, timedelta) else interval
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf"):
        raise ValueError(f"poll_interval is a number of seconds above 0, or a timedelta; found {interval!r}.")
    return float(number)
