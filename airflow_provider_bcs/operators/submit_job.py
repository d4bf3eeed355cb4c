"""What the operators of both services share: take a job, submit it once, wait until it has ended."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    conf,
)

from airflow_provider_bcs.airflow_versions import current_task_instance, start_time, submitter, task_state_store
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook
from airflow_provider_bcs.operators.description import DescriptionOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.triggers.state import StateTrigger
    from airflow_provider_bcs.waiting.polling import Poll, Status


class SubmitJobOperator(DescriptionOperator):
    """Submit a job and wait until it has ended.

    The job's id is pushed as XCom ``job_id`` as soon as it is known, and returned.

    :param job: the job description: a dict, JSON text, the path of a ``.json``, ``.yaml`` or ``.yml`` file, absolute or
        relative to the DAG file, one of our models, or one of the vendor SDK's objects (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    :param poll_interval: seconds between two polls
    :param wait_for_completion: False to end as soon as the job is submitted
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    """

    template_fields: Sequence[str] = ("job", "bcs_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json"}
    described = "job"
    secret_fields: ClassVar[tuple[str, ...]] = ("job",)

    #: The field that says what the job is called.
    name_field: ClassVar[str]

    def __init__(
        self,
        *,
        job: JobSource,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | timedelta = 10.0,
        wait_for_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        self.wait_for_completion = wait_for_completion
        self._job_id: str | None = None
        self._submitting: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.job: Any = job
        self._accept(job)

    # What a service has of its own

    @abstractmethod
    def _hook(self) -> ServiceHook[Any]:
        """Return the hook of the connection."""

    @abstractmethod
    def _submit(self, job: dict[str, Any], owner: dict[str, Any], resume: bool) -> str:
        """Submit the job or find it again; return its id."""

    @abstractmethod
    def _find(self, job: dict[str, Any], owner: dict[str, Any]) -> str | None:
        """Return the id of the job that was being submitted, None when there is none."""

    @abstractmethod
    def _poll(self, job_id: str) -> Poll[Status]:
        """Return what asks for the job's state."""

    @abstractmethod
    def _trigger(self, job_id: str, deadline: float | None) -> StateTrigger:
        """Return what waits in the triggerer."""

    @abstractmethod
    def _explain(self, job_id: str, state: str) -> str | None:
        """Return why a job that ended did not succeed, None when it did."""

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the rendered job as it is to be submitted."""
        return job

    def _succeeded(self, job_id: str, job: dict[str, Any]) -> None:
        """Do what is left to do after a success."""

    def _submitted(self, job_id: str, job: dict[str, Any], context: Context) -> None:
        """Tell the world that there is a job now."""

    def _release(self, job_id: str) -> None:
        """Delete a job that succeeded; that it cannot be deleted is no failure."""
        from airflow_provider_bcs.exceptions import ApiError

        try:
            self.hook.client.delete_job(job_id)
            self.log.info("Job %s is deleted, as AutoRelease asks.", job_id)
        except ApiError as error:
            self.log.warning("Job %s succeeded, but could not be deleted: %s", job_id, error)

    # Executing

    def execute(self, context: Context) -> str:
        """Submit the job, and wait unless told otherwise; return the job's id."""
        job = self._rendered()
        if violations := self._violations(job, templates=False):
            # Trying again would not make it right.
            raise AirflowFailException(str(InvalidJobError(violations, "The rendered job")))
        job_id = self._submit_once(self._prepare(job), context)
        if not self.wait_for_completion:
            return job_id
        if self.deferrable:
            self.defer(trigger=self._trigger(job_id, self._deadline(context)), method_name="execute_complete")
        return self._conclude(job_id, self._wait(job_id))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Go on after the triggerer has seen the job's end."""
        self._job_id = job_id = str(event["job_id"])
        if event.get("timeout"):
            self.on_kill()
            raise AirflowTaskTimeout(f"Job {job_id} did not end within {self.execution_timeout}; it was stopped.")
        if event.get("error"):
            raise AirflowException(f"Waiting for job {job_id} was given up: {event['error']}")
        return self._conclude(job_id, event["state"])

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral; when Airflow itself ended the deferral, the job is stopped.

        Airflow 2 gives a deferral the task's execution_timeout, and calls none of the task's methods when it passes.
        """
        if next_method == "__fail__":
            self._job_id = self._pushed_job_id()
            if "timeout" in str((next_kwargs or {}).get("error", "")).lower():
                self.on_kill()
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Stop the job; it is no error that it has ended."""
        from airflow_provider_bcs.exceptions import ApiError
        from airflow_provider_bcs.waiting.stopping import stop

        job_id = self._job_id or self._pushed_job_id()
        if job_id is None and self._submitting is not None:
            # Killed while the service was creating the job.
            try:
                job_id = self._find(*self._submitting)
            except ApiError as error:
                self.log.error("Whether a job was submitted is not known; it may run: %s", error)
        if job_id is not None:
            stop(self.hook.client, job_id, self.log)

    @property
    def submitted_job_id(self) -> str | None:
        """The job's id, once it is known in this process."""
        return self._job_id

    def _pushed_job_id(self) -> str | None:
        """Return the job that this try submitted before it was deferred."""
        ti = current_task_instance()
        if ti is None:
            return None
        job_id = ti.xcom_pull(task_ids=self.task_id, key="job_id", map_indexes=ti.map_index)
        return str(job_id) if job_id else None

    @cached_property
    def hook(self) -> Any:
        """The hook; only once the connection id is rendered."""
        return self._hook()

    def _submit_once(self, job: dict[str, Any], context: Context) -> str:
        from airflow_provider_bcs.exceptions import InvalidRequestError
        from airflow_provider_bcs.waiting.succession import submit_as_successor

        ti: Any = context["ti"]
        owner = submitter(context)
        # A clear is a further try as well: how many retries there are may have been edited, which would hide the other.
        is_further_try = ti.try_number > 1

        def submit() -> str:
            self._submitting = job, owner
            self._job_id = job_id = self._submit(job, owner, is_further_try)
            ti.xcom_push(key="job_id", value=job_id)
            return job_id

        try:
            job_id = submit_as_successor(submit, owner, task_state_store(context), self.hook.client, self.log)
        except InvalidRequestError as error:
            raise AirflowFailException(f"The service refuses the job: {error}") from error
        text = "This task's job is %s (%s)." if is_further_try else "Job %s (%s) is submitted."
        self.log.info(text, job_id, job[self.name_field])
        self._submitted(job_id, job, context)
        return job_id

    def _wait(self, job_id: str) -> str:
        from airflow_provider_bcs.waiting.polling import wait_for_end

        try:
            return wait_for_end(self._poll(job_id), self.poll_interval)
        except KeyboardInterrupt:
            # Ctrl-C on dag.test() or "airflow dags test": nobody would call on_kill.
            self.on_kill()
            raise

    def _conclude(self, job_id: str, state: str) -> str:
        why = self._explain(job_id, state)
        if why is not None:
            raise AirflowException(why)
        self._succeeded(job_id, self._rendered())
        return job_id

    def _deadline(self, context: Context) -> float | None:
        if self.execution_timeout is None:
            return None
        return start_time(context) + self.execution_timeout.total_seconds()


def seconds(interval: float | timedelta) -> float:
    """Return a poll_interval in seconds.

    :raises ValueError: when it is none
    """
    number = interval.total_seconds() if isinstance(interval, timedelta) else interval
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf"):
        raise ValueError(f"poll_interval is a number of seconds above 0, or a timedelta; found {interval!r}.")
    return float(number)
