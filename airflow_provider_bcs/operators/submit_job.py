"""Base of the operators that submit a job: submit it once and wait until it has ended."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_bcs.airflow_versions import current_task_instance, deadline, submitter, task_state_store
from airflow_provider_bcs.exceptions import ApiError, InvalidRequestError
from airflow_provider_bcs.hooks.metrics import count_kill, count_wait
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook
from airflow_provider_bcs.links.job import JobLink, push_link
from airflow_provider_bcs.masked_log import MaskedLog, masked
from airflow_provider_bcs.operators.context_env import origin_of
from airflow_provider_bcs.operators.description import DescriptionOperator
from airflow_provider_bcs.operators.service import exit_codes, queue_seconds, seconds
from airflow_provider_bcs.short_errors import log_failure, short_failure
from airflow_provider_bcs.task_errors import RefusedJobError, TaskTimeoutError, skipped, waited_too_long
from airflow_provider_bcs.triggers.deferral import DEFERRABLE, state_of
from airflow_provider_bcs.waiting.line_level import log_line
from airflow_provider_bcs.waiting.origin import UNKNOWN, Origin
from airflow_provider_bcs.waiting.polling import NotBegunError, wait_for_end
from airflow_provider_bcs.waiting.reattach import reattach

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.source import CheckedJob, JobSource
    from airflow_provider_bcs.exceptions import QueueTimeoutError
    from airflow_provider_bcs.triggers.state import StateTrigger
    from airflow_provider_bcs.waiting.port import ServicePort

__all__ = ["Step", "SubmitJobOperator"]

#: Function from a job description to the next form of it.
Step: TypeAlias = "Callable[[CheckedJob], CheckedJob]"
H = TypeVar("H", bound=ServiceHook[Any, Any])


class SubmitJobOperator(DescriptionOperator[H]):
    """Operator that submits a job and waits until it has ended.

    The job id is pushed as XCom ``job_id`` as soon as it is known, and returned.

    :param job: job description: a dict, JSON text, a model, an object of the vendor's SDK, or the path of a ``.json``,
        ``.yaml`` or ``.yml`` file, absolute or relative to the DAG file (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param wait_for_completion: False: end as soon as the job is submitted
    :param ignore: fields that the checks pass over
    :param context_env: give the job's programs variables that name the Airflow task, such as ``AIRFLOW_CTX_DAG_ID``,
        and the job a tag or a description with the same ids
    :param skip_on_exit_code: exit code, or list of them, of the program that ends the task as skipped
    :param queue_timeout: seconds since the submission, or a timedelta, after which a job that has not begun to run is
        stopped, and the task fails with ``QueueTimeoutError``; None: no limit
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    """

    template_fields: Sequence[str] = ("job", "bcs_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json"}
    described = "job"
    secret_fields: ClassVar[tuple[str, ...]] = ("job",)
    #: Link to the page of the job; also in ``operator_extra_links``.
    job_link: ClassVar[JobLink]
    #: Whether the job is that of one Airflow task. One job of many tasks belongs to their DAG run.
    has_one_task: ClassVar[bool] = True

    def __init__(
        self,
        *,
        job: JobSource,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        wait_for_completion: bool = True,
        ignore: Collection[str] = (),
        context_env: bool = True,
        skip_on_exit_code: int | Collection[int] | None = None,
        queue_timeout: float | timedelta | None = None,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, ignore=ignore, **kwargs)
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        self.wait_for_completion = wait_for_completion
        self.context_env = context_env
        self.skip_on_exit_code = exit_codes(skip_on_exit_code)
        self.queue_timeout = queue_seconds(queue_timeout)
        self._queue_deadline: float | None = None
        self._job_id: str | None = None
        self._submitting: tuple[CheckedJob, dict[str, Any], Origin] | None = None
        self.job: Any = job
        self._accept(job)

    @cached_property
    def port(self) -> ServicePort[Any]:
        """The service's port with the operator's options. Use it in ``execute`` only, as the hook."""
        port: ServicePort[Any] = self.hook.port
        return port

    def _check(
        self, description: JobSource, *, templates: bool, source: str = "", ignore: Collection[str]
    ) -> CheckedJob:
        port_class: type[ServicePort[Any]] = self.hook_class.port_class
        return port_class.check_job(description, templates=templates, source=source, ignore=ignore)

    def _near_field(self, name: str) -> str | None:
        port_class: type[ServicePort[Any]] = self.hook_class.port_class
        return port_class.near_field(name)

    def _typed(self, job: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        port_class: type[ServicePort[Any]] = self.hook_class.port_class
        return port_class.typed(job)

    def _page_of(self, description: Mapping[str, Any]) -> str:
        page: str = self.hook_class.port_class.page(description)
        return page

    def _steps(self) -> Sequence[Step]:
        """Return the steps from the rendered job to the one that is submitted, in their order."""
        return (lambda job: self.port.prepare(job, self.log),)

    def _check_outputs(self, job_id: str, job: Mapping[str, Any]) -> None:
        """Hook for subclasses: called once the job has succeeded."""

    @short_failure
    def execute(self, context: Context) -> str:
        """Submit the job, and wait for its end unless told otherwise; return the job id.

        :raises UnreadableRenderedJobError: when the rendered description is not JSON or YAML
        :raises InvalidRenderedJobError: when it breaks a rule
        :raises RefusedJobError: when the service refuses the job
        :raises JobFailedError: when the job failed or was stopped
        """
        job = self._checked()
        for step in self._steps():
            job = step(job)
        job_id = self._submit_once(job, context)
        if not self.wait_for_completion:
            return job_id
        self._queue_deadline = None if self.queue_timeout is None else time.time() + self.queue_timeout
        if self.deferrable:
            self.defer(trigger=self._trigger(job_id, context), method_name="execute_complete")
        return self._conclude(job_id, self._wait(job_id))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Continue after the trigger's event; return the job id.

        :raises TaskTimeoutError: when the task's ``execution_timeout`` has passed; the job is stopped
        :raises WaitAbortedError: when the trigger has given up; the job may still run
        :raises QueueTimeoutError: when the job has not begun to run within ``queue_timeout``; the job is stopped
        :raises JobFailedError: when the job failed or was stopped
        """
        self._job_id = job_id = str(event["job_id"])
        if event.get("timeout"):
            self.on_kill()
            raise TaskTimeoutError(f"Job {job_id} did not end within {self.execution_timeout}; it was stopped.")
        if event.get("queue_timeout"):
            raise self._waited_too_long(job_id)
        return self._conclude(job_id, state_of(event, f"job {job_id}"))

    def _waited_too_long(self, job_id: str) -> QueueTimeoutError:
        self.on_kill()
        return waited_too_long(job_id, self.queue_timeout)

    @short_failure
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral; stop the job when Airflow has ended the deferral by a timeout.

        Airflow 2 applies ``execution_timeout`` to the deferral and calls none of the task's methods when it passes.
        """
        if next_method == "__fail__":
            self._job_id = self._pushed_job_id()
            if "timeout" in str((next_kwargs or {}).get("error", "")).lower():
                self.on_kill()
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Stop the job; a job that has ended is no error."""
        job_id = self._job_id or self._pushed_job_id()
        if job_id is None and self._submitting is not None:
            # The task was killed while the service was creating the job.
            try:
                job_id = self.port.find(*self._submitting)
            except ApiError as error:
                self.log.error("Whether a job was submitted is not known; it may run: %s", error)
        if job_id is not None:
            count_kill(self.hook_class.service)
            self.port.stop(job_id, self.log)

    @property
    def submitted_job_id(self) -> str | None:
        """The job id, once it is known in this process."""
        return self._job_id

    def _pushed_job_id(self) -> str | None:
        """Return the id of the job that this try submitted before it was deferred."""
        ti = current_task_instance()
        if ti is None:
            return None
        job_id = ti.xcom_pull(task_ids=self.task_id, key="job_id", map_indexes=ti.map_index)
        return str(job_id) if job_id else None

    def _submit_once(self, job: CheckedJob, context: Context) -> str:
        ti: Any = context["ti"]
        owner = submitter(context)
        origin = self._origin(context, owner)
        # After a clear try_number is above 1 too. The number of retries tells no clear from a retry: it can be edited.
        is_further_try = ti.try_number > 1

        def submit() -> str:
            self._submitting = job, owner, origin
            self._job_id = job_id = self.port.submit(job, owner, resume=is_further_try, origin=origin)
            # All that follows can fail. The log then names the job all the same.
            text = "This task's job is %s (%s)." if is_further_try else "Job %s (%s) is submitted."
            self.log.info(text, job_id, job[self.port.name_field])
            ti.xcom_push(key="job_id", value=job_id)
            return job_id

        stop = partial(self.port.stop, log=self.log, raise_transient=True)
        try:
            job_id = reattach(submit, owner, task_state_store(context), stop, self.log)
            push_link(self.job_link, self.hook, job_id, context, self.log, job=job)
        except InvalidRequestError as error:
            raise RefusedJobError(f"The service refuses the job: {error}") from error
        except Exception:
            # Airflow calls no on_kill for a task that fails, and the wait that watches the job has not begun.
            if self._job_id is not None:
                self.on_kill()
            raise
        return job_id

    def _origin(self, context: Context, owner: dict[str, Any]) -> Origin:
        if not self.context_env:
            return UNKNOWN
        return origin_of(
            context, owner, one_task=self.has_one_task, compared=self.hook_class.port_class.compares_descriptions
        )

    @staticmethod
    @abstractmethod
    def _trigger_class() -> type[StateTrigger]:
        """Return the trigger that waits for the target of the port."""

    def _trigger(self, job_id: str, context: Context) -> StateTrigger:
        return self._trigger_class()(
            **self.port.target(job_id).fields(),
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=self.poll_interval,
            deadline=deadline(context, self.execution_timeout),
            cancel_on_kill=True,
            queue_deadline=self._queue_deadline,
        )

    def _wait(self, job_id: str) -> str:
        begin = time.monotonic()
        try:
            poll = self.port.poll(self.port.target(job_id), MaskedLog(self.log))
            return wait_for_end(poll, self.poll_interval, queue_deadline=self._queue_deadline) or ""
        except NotBegunError:
            raise self._waited_too_long(job_id) from None
        except KeyboardInterrupt:
            # dag.test() and "airflow dags test" do not call on_kill when they are interrupted by Ctrl-C.
            self.on_kill()
            raise
        except AirflowTaskTimeout as error:
            # Airflow calls on_kill for it, which stops the job.
            raise TaskTimeoutError(f"Job {job_id} did not end within {self.execution_timeout}.") from error
        finally:
            count_wait(self.hook_class.service, time.monotonic() - begin)

    def _conclude(self, job_id: str, state: str) -> str:
        # Airflow 3 masks the task's log, but not the copy that the worker prints.
        log = MaskedLog(self.log)
        failure = self.port.explain(job_id, state)
        if failure is not None:
            failure = masked(failure)
            # The reason stands above what the instances have written, which may be long.
            log_failure(self.log, failure)
        for line in self.port.read_logs(job_id):
            log_line(log, line.level, "%s", line)
        if failure is not None:
            raise skipped(failure, self.skip_on_exit_code)
        job = self._rendered()
        self._check_outputs(job_id, job)
        log.info("%s", self.port.summary(job_id))
        for text in self._output_lines():
            log.info("%s", text)
        # Only BatchCompute's jobs have this field.
        if job.get("AutoRelease"):
            self._release(job_id)
        return job_id

    def _output_lines(self) -> list[str]:
        """Return lines that say where the output of the job is."""
        return self.port.output_lines(self._rendered())

    def _release(self, job_id: str) -> None:
        """Delete a job that succeeded; a failure to delete it does not fail the task."""
        try:
            self.port.delete(job_id)
            self.log.info("Job %s is deleted, as AutoRelease asks.", job_id)
        except ApiError as error:
            self.log.warning("Job %s succeeded, but could not be deleted: %s", job_id, error)
            return
        # The link would lead to a page that does not exist any more. A failure to take it back does not fail the task.
        with suppress(Exception):
            if (ti := current_task_instance()) is not None:
                ti.xcom_push(key=self.job_link.xcom_key, value="")
