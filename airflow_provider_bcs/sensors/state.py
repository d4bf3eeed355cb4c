"""What the sensors of both services share: wait until something has ended well."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    conf,
)

from airflow_provider_bcs.airflow_versions import start_time
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.triggers.state import StateTrigger, Target
    from airflow_provider_bcs.waiting.polling import Poll


class StateSensor(BaseSensorOperator):
    """Wait for a good end; fail at any other.

    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    """

    template_fields: Sequence[str] = ("bcs_conn_id",)
    #: The attribute that says what is waited for.
    id_field: ClassVar[str]
    #: Whether it is worth a request to find out that no deferral is needed.
    asks_before_deferring: ClassVar[bool] = True

    def __init__(
        self,
        *,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable

    @property
    @abstractmethod
    def target(self) -> Target:
        """What is waited for."""

    @property
    @abstractmethod
    def good_end(self) -> str:
        """What is to come of it."""

    @abstractmethod
    def _hook(self) -> ServiceHook[Any]:
        """Return the hook of the connection."""

    @abstractmethod
    def _trigger(self, deadline: float) -> StateTrigger:
        """Return what waits in the triggerer."""

    @cached_property
    def hook(self) -> Any:
        """The hook; only once the connection id is rendered."""
        return self._hook()

    @cached_property
    def _poll(self) -> Poll[Any]:
        poll = self.target.poll(self.hook.client, self.log)
        if self.reschedule:
            # Each look is a process of its own, which knows of none before.
            poll.max_missing = 1
        return poll

    def poke(self, context: Context) -> bool:
        """Return whether it has ended well.

        :raises AirflowException: when it ended otherwise, or when there is no such thing
        :raises AirflowSkipException: instead, with ``soft_fail``
        """
        from airflow_provider_bcs.exceptions import ServiceError, WaitAbortedError

        self._require_id()
        try:
            status = self._poll()
        except ServiceError as error:
            raise self._failure(f"{self.target}: {error}") from error
        except WaitAbortedError as error:
            raise self._failure(str(error)) from error
        if status is None or not status.is_terminal:
            return False
        self._check(status.outcome)
        return True

    def _require_id(self) -> None:
        found = getattr(self, self.id_field)
        if found in (None, "", "None"):
            raise self._failure(f"{self.id_field} is {found!r}; did its template find what it was to pull from XCom?")

    def _check(self, state: str) -> None:
        if state != self.good_end:
            raise self._failure(f"{self.target} is {state}.")

    def _failure(self, text: str, kind: type[AirflowException] = AirflowException) -> AirflowException:
        # Airflow's own soft_fail covers its time-outs, but not that what is waited for has failed.
        return AirflowSkipException(text) if self.soft_fail else kind(text)

    def execute(self, context: Context) -> None:
        """Wait: in the triggerer if deferrable, else as the sensor's mode says."""
        if not self.deferrable:
            super().execute(context)
        elif not (self.asks_before_deferring and self.poke(context)):
            self.defer(trigger=self._trigger(self._deadline(context)), method_name="execute_complete")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Go on after the triggerer has seen the end."""
        if event.get("timeout"):
            raise self._failure(f"{self.target} did not end within {self.timeout:.0f} s.", AirflowSensorTimeout)
        if event.get("error"):
            raise self._failure(f"Waiting for {self.target} was given up: {event['error']}")
        self._check(event["state"])
        self.log.info("%s: %s.", self.target, event["state"])

    def _deadline(self, context: Context) -> float:
        seconds = self.timeout
        if self.execution_timeout is not None:
            seconds = min(seconds, self.execution_timeout.total_seconds())
        return start_time(context) + float(seconds)


class JobStateSensor(StateSensor):
    """Wait for the good end of a job, or of a part of it.

    :param job_id: the job (templated)
    """

    template_fields: Sequence[str] = ("job_id", *StateSensor.template_fields)
    id_field = "job_id"

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
