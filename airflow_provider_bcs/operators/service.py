"""Base of the operators that act on something which exists already: a job, a task of it, a cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook
from airflow_provider_bcs.operators.doc import LazyDoc

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments

__all__ = ["ServiceOperator", "exit_codes", "queue_seconds", "seconds"]

H = TypeVar("H", bound=ServiceHook[Any, Any])


class ServiceOperator(BaseOperator, Generic[H]):
    """Operator with the hook of one service.

    :param bcs_conn_id: id of the Airflow connection (templated)
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    """

    template_fields: Sequence[str] = ("bcs_conn_id",)
    #: Templated field -> annotation of its value, for a DAG with ``render_template_as_native_obj``.
    template_types: ClassVar[Mapping[str, Any]] = MappingProxyType({"bcs_conn_id": str})
    doc_md = LazyDoc()
    hook_class: type[H]

    def __init__(self, *, bcs_conn_id: str = DEFAULT_CONNECTION, **kwargs: Unpack[OperatorArguments]) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id

    def _page(self) -> str | None:
        """Return Markdown that says what the task does, None when nothing is known of it."""
        return None

    @cached_property
    def hook(self) -> H:
        """The hook. Use it in ``execute`` only: before, ``bcs_conn_id`` may be a template."""
        return self.hook_class(self.bcs_conn_id)

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Context, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Render the templated fields, to the types that the service wants."""
        if parent is self:
            # Only a worker renders: the module is not imported at each parse of a DAG file.
            from airflow_provider_bcs.typed_templates import type_templates

            type_templates(self, template_fields, self.template_types, seen_oids)
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)


def seconds(interval: float | timedelta) -> float:
    """Return a ``poll_interval`` in seconds.

    :raises ValueError: when it is no number above 0 and no timedelta
    """
    number = interval.total_seconds() if isinstance(interval, timedelta) else interval
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf"):
        raise ValueError(f"poll_interval is a number of seconds above 0, or a timedelta; found {interval!r}.")
    return float(number)


def queue_seconds(limit: float | timedelta | None) -> float | None:
    """Return a ``queue_timeout`` in seconds, None without one.

    :raises ValueError: when it is no number above 0 and no timedelta
    """
    if limit is None:
        return None
    number = limit.total_seconds() if isinstance(limit, timedelta) else limit
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf"):
        raise ValueError(f"queue_timeout: found {limit!r}; expected a number of seconds above 0, or a timedelta.")
    return float(number)


def exit_codes(found: int | Collection[int] | None) -> list[int]:
    """Return the exit codes of ``skip_on_exit_code``.

    :raises ValueError: when it is neither a whole number nor a collection of them
    """
    codes = [found] if type(found) is int else [] if found is None else found
    if isinstance(codes, str) or not isinstance(codes, Collection) or any(type(code) is not int for code in codes):
        raise ValueError(f"skip_on_exit_code: found {found!r}; expected a whole number, or a list of them.")
    return list(codes)
