"""Base of the sensors: wait until a target has ended with success."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, AirflowSkipException, BaseSensorOperator

from airflow_provider_bcs.airflow_versions import deadline
from airflow_provider_bcs.exceptions import BcsError, JobFailedError, MissingIdError, ServiceError, WaitAbortedError
from airflow_provider_bcs.hooks.metrics import count_wait
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook
from airflow_provider_bcs.links.job import JobLink, push_link
from airflow_provider_bcs.short_errors import short_failure
from airflow_provider_bcs.task_errors import SoftFailError, WaitTimeoutError, limit_passed
from airflow_provider_bcs.triggers.deferral import DEFERRABLE, state_of
from airflow_provider_bcs.xcom import is_missing, require_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import SensorArguments
    from airflow_provider_bcs.triggers.state import StateTrigger
    from airflow_provider_bcs.waiting.polling import Poll, Status
    from airflow_provider_bcs.waiting.port import ServicePort, Target

__all__ = ["StateSensor"]

H = TypeVar("H", bound=ServiceHook[Any, Any])


class StateSensor(BaseSensorOperator, Generic[H]):
    """Sensor that waits for one of ``success_states`` and fails at any other terminal state.

    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param kwargs: parameters of ``BaseSensorOperator``: ``poke_interval``, ``timeout``, ``mode``, ``soft_fail`` ...
    """

    template_fields: Sequence[str] = ("bcs_conn_id",)
    #: Templated field -> annotation of its value, for a DAG with ``render_template_as_native_obj``.
    template_types: ClassVar[Mapping[str, Any]] = MappingProxyType({"bcs_conn_id": str})
    hook_class: type[H]
    #: Attribute that holds the target's id.
    id_field: ClassVar[str] = "job_id"
    success_states: ClassVar[frozenset[str]]
    #: Link to the page of the target's job, also in ``operator_extra_links``; None: the target has no job.
    job_link: ClassVar[JobLink | None] = None

    def __init__(
        self,
        *,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable

    @staticmethod
    @abstractmethod
    def _trigger_class() -> type[StateTrigger]:
        """Return the trigger that waits for the target."""

    @property
    @abstractmethod
    def target(self) -> Target:
        """The target, once its id is rendered."""

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Context, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Render the templated fields, to the types that the service wants."""
        if parent is self:
            from airflow_provider_bcs.typed_templates import type_templates

            type_templates(self, template_fields, self.template_types, seen_oids)
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)

    @cached_property
    def hook(self) -> H:
        """The hook. Use it in ``execute`` only: before, ``bcs_conn_id`` may be a template."""
        return self.hook_class(self.bcs_conn_id)

    @cached_property
    def port(self) -> ServicePort[Any]:
        """The service's port. Use it in ``execute`` only, as the hook."""
        port: ServicePort[Any] = self.hook.port
        return port

    @cached_property
    def _poll(self) -> Poll[Status]:
        self.log.info("Waiting for %s.", self.target)
        poll = self.port.poll(self.target, self.log)
        if self.reschedule:
            # Each poke is a process of its own and cannot count the errors of former ones.
            poll.max_missing = 1
        return poll

    def poke(self, context: Context) -> bool:
        """Return whether the target has ended with success.

        :raises MissingIdError: when the rendered id is empty
        :raises JobFailedError: when the target ended without success
        :raises WaitAbortedError: when the target does not exist, or the service refuses the request
        :raises SoftFailError: instead of all these, with ``soft_fail`` or ``never_fail``
        """
        try:
            require_id(self.id_field, getattr(self, self.id_field))
            status = self._poll()
        except ServiceError as error:
            raise self._failure(WaitAbortedError(f"{self.target}: {error}")) from error
        except (MissingIdError, WaitAbortedError) as error:
            raise self._failure(error) from error
        if status is None or not status.is_terminal:
            return False
        self._check(status.outcome or "")
        return True

    @short_failure
    def execute(self, context: Context) -> None:
        """Wait: in the triggerer if deferrable, else as the sensor's mode says.

        :raises WaitTimeoutError: when ``timeout`` has passed
        :raises SoftFailError: instead, with ``soft_fail`` or ``never_fail``
        """
        self._push_link(context)
        if self.deferrable:
            if not self.poke(context):
                self.defer(trigger=self._trigger(context), method_name="execute_complete")
            return
        begin = time.monotonic()
        try:
            super().execute(context)
        except BcsError:
            raise
        except AirflowSensorTimeout as error:
            raise WaitTimeoutError(f"{self.target}: {error}") from error
        except AirflowSkipException as error:
            raise SoftFailError(f"{self.target}: {error}") from error
        finally:
            if not self.reschedule:
                # With mode="reschedule" this process has looked once, and waits no longer.
                count_wait(self.hook_class.service, time.monotonic() - begin)

    @short_failure
    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Continue after the trigger's event.

        :raises WaitTimeoutError: when ``timeout`` has passed
        :raises TaskTimeoutError: when ``execution_timeout`` has passed
        """
        if event.get("timeout"):
            raise self._failure(limit_passed(self.target, self.timeout, self.execution_timeout))
        try:
            state = state_of(event, self.target)
        except WaitAbortedError as error:
            raise self._failure(error) from error
        self._check(state)
        self.log.info("%s: %s.", self.target, state)

    def _push_link(self, context: Context) -> None:
        """Push the link at each execution: Airflow deletes a task's XComs before it executes a rescheduled sensor."""
        if self.job_link is None or is_missing(job_id := getattr(self, self.id_field)):
            return
        part = getattr(self, "task_name", "") or getattr(self, "pod_id", "")
        push_link(self.job_link, self.hook, str(job_id), context, self.log, part=str(part))

    def _trigger(self, context: Context) -> StateTrigger:
        return self._trigger_class()(
            **self.target.fields(),
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=float(self.poke_interval),
            deadline=deadline(context, self.timeout, self.execution_timeout),
        )

    def _check(self, state: str) -> None:
        if state not in self.success_states:
            raise self._failure(self._failed(state))

    def _failed(self, state: str) -> BcsError:
        """Return the error for a terminal state that is no success."""
        return JobFailedError(self.target.fields()["job_id"], state, f"{self.target} is {state}.")

    def _failure(self, error: BcsError) -> BcsError:
        # Airflow applies soft_fail to time-outs only, and both options to errors of its own classes after a deferral.
        return SoftFailError(str(error)) if self.soft_fail or self.never_fail else error
