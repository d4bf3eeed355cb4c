"""What the operators of both services share: take a job, submit it once, wait until it has ended."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    BaseOperator,
    conf,
)

from airflow_provider_bcs.airflow_versions import current_task_instance, mask, start_time, submitter
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.description.source import (
    DESCRIBED,
    FILE_SUFFIXES,
    CheckedJob,
    JobSourceError,
    JobSyntaxError,
    parse_job,
    read_job,
    read_text,
)
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import InvalidJobError, JobWarning, Violation
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION, ServiceHook

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.openapi.polling import Poll, Status
    from airflow_provider_bcs.triggers.state import StateTrigger


class SubmitJobOperator(BaseOperator):
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
    template_ext: Sequence[str] = FILE_SUFFIXES
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json"}

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
        if isinstance(job, os.PathLike):
            job = os.fspath(job)
        elif isinstance(job, DESCRIBED) and not isinstance(job, CheckedJob):
            # Templates are rendered in plain values, not in models.
            job = read_job(job)
        self.job: Any = job
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable
        self.poll_interval = _seconds(poll_interval)
        self.wait_for_completion = wait_for_completion
        self._job_id: str | None = None
        self._submitting: tuple[dict[str, Any], dict[str, Any]] | None = None
        if isinstance(job, CheckedJob):
            self.job, self.template_ext = dict(job), ()
        elif not self._is_file(job):
            self._take(self.job)

    # What a service has of its own

    @abstractmethod
    def _hook(self) -> ServiceHook[Any]:
        """Return the hook of the connection."""

    @abstractmethod
    def _violations(self, job: dict[str, Any], *, templates: bool) -> list[Violation]:
        """Return what is wrong with a job description."""

    @abstractmethod
    def _warnings(self, job: dict[str, Any]) -> list[str]:
        """Return what is valid in a job description, but may not do what its author expects."""

    @abstractmethod
    def _submit(
        self, job: dict[str, Any], owner: dict[str, Any], resume: bool, on_submitted: Callable[[str], None]
    ) -> str:
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
        from airflow_provider_bcs.openapi.errors import OpenApiError

        try:
            self.hook.client.delete_job(job_id)
            self.log.info("Job %s is deleted, as AutoRelease asks.", job_id)
        except OpenApiError as error:
            self.log.warning("Job %s succeeded, but could not be deleted: %s", job_id, error)

    # Parsing

    def _is_file(self, job: Any) -> bool:
        return isinstance(job, str) and job.endswith(FILE_SUFFIXES) and not job.lstrip().startswith("{")

    def _take(self, job: Any, source: str = "") -> None:
        """Say what is wrong while the DAG file is parsed; what holds a template waits until it is rendered.

        From here on no value is taken for a file any more: neither one that a template is rendered to, nor one inside
        the job that happens to end in ``.json``.
        """
        self.template_ext = ()
        if isinstance(job, str):
            try:
                # A dict is rendered value by value: what a template gives cannot change the structure.
                job = _parsed(job, source or f"The job of task {self.task_id}")
            except JobSyntaxError:
                if is_template(job):
                    # It becomes JSON or YAML only by being rendered.
                    return
                raise
        if is_template(job):
            return
        self.job = job
        if violations := self._violations(job, templates=True):
            raise InvalidJobError(violations, source or f"The job of task {self.task_id}")
        for text in self._warnings(job):
            warnings.warn(text, JobWarning, stacklevel=2)

    def resolve_template_files(self) -> None:
        """Read the job file, if there is one, and validate what is in it; called once a DAG file is parsed."""
        file = self.job if self._is_file(self.job) else None
        if file is not None and self.template_ext and os.path.isabs(file):
            # Airflow looks in folders only, the DAG file's and those of template_searchpath.
            self.job = read_text(file)
        super().resolve_template_files()
        if file is None or not self.template_ext:
            return
        if self.job == file:
            folders = getattr(self.get_template_env().loader, "searchpath", [])
            advice = " A file that a template names is written {% include ... %}." if is_template(file) else ""
            raise AirflowException(
                f"The job file {file} of task {self.task_id} cannot be read; looked in {', '.join(folders)}.{advice}"
            )
        self._take(self.job, source=file)

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        """Render the templated fields; the job file is read first where nobody has done that yet.

        Airflow calls this one for mapped tasks too, and ``render_template_fields`` not.
        """
        if parent is self:
            self.resolve_template_files()
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self:
            # Before Airflow stores what it shows as rendered.
            with contextlib.suppress(JobSourceError):
                mask(secret_values(self._rendered_job()))

    def render_template(self, content: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Render a value, and in a dict the keys too: InputMapping has its OSS paths there."""
        rendered = super().render_template(content, context, *args, **kwargs)
        if not isinstance(rendered, dict):
            return rendered
        return {
            super(SubmitJobOperator, self).render_template(key, context, *args, **kwargs)
            if is_template(key)
            else key: value
            for key, value in rendered.items()
        }

    # Executing

    def execute(self, context: Context) -> str:
        """Submit the job, and wait unless told otherwise; return the job's id."""
        job = self._rendered_job()
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
        from airflow_provider_bcs.openapi.errors import NotFoundError, OpenApiError, StateConflictError

        job_id = self._job_id or self._pushed_job_id()
        try:
            if job_id is None and self._submitting is not None:
                # Killed while the service was creating the job.
                job_id = self._find(*self._submitting)
            if job_id is None:
                return
            self.hook.client.stop_job(job_id)
        except (StateConflictError, NotFoundError) as error:
            self.log.info("Job %s is not running any more: %s", job_id, error)
        except OpenApiError as error:
            self.log.error("Job %s could NOT be stopped and may still run: %s", job_id or "(unknown)", error)
        else:
            self.log.info("Job %s is stopped.", job_id)

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

    def _rendered_job(self) -> dict[str, Any]:
        # Never read_job for text: rendered text must not be able to name a file.
        return _parsed(self.job, "The rendered job") if isinstance(self.job, str) else read_job(self.job)

    def _submit_once(self, job: dict[str, Any], context: Context) -> str:
        from airflow_provider_bcs.openapi.errors import InvalidRequestError

        ti: Any = context["ti"]
        is_retry = ti.try_number > ti.max_tries - self.retries + 1

        def remember(job_id: str) -> None:
            self._job_id = job_id
            ti.xcom_push(key="job_id", value=job_id)

        self._submitting = job, submitter(context)
        try:
            job_id = self._submit(*self._submitting, is_retry, remember)
        except InvalidRequestError as error:
            raise AirflowFailException(f"The service refuses the job: {error}") from error
        text = "This task's job is %s (%s)." if is_retry else "Job %s (%s) is submitted."
        self.log.info(text, job_id, job[self.name_field])
        self._submitted(job_id, job, context)
        return job_id

    def _wait(self, job_id: str) -> str:
        poll = self._poll(job_id)
        try:
            while (status := poll()) is None or not status.is_terminal:
                time.sleep(poll.pause(self.poll_interval))
            return status.outcome or ""
        except KeyboardInterrupt:
            # Ctrl-C on dag.test() or "airflow dags test": nobody would call on_kill.
            self.on_kill()
            raise

    def _conclude(self, job_id: str, state: str) -> str:
        why = self._explain(job_id, state)
        if why is not None:
            raise AirflowException(why)
        self._succeeded(job_id, self._rendered_job())
        return job_id

    def _deadline(self, context: Context) -> float | None:
        if self.execution_timeout is None:
            return None
        return start_time(context) + self.execution_timeout.total_seconds()


def _seconds(interval: float | timedelta) -> float:
    seconds = interval.total_seconds() if isinstance(interval, timedelta) else interval
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf"):
        raise ValueError(f"poll_interval is a number of seconds above 0, or a timedelta; found {interval!r}.")
    return float(seconds)


def _parsed(text: str, name: str) -> dict[str, Any]:
    """Parse JSON, or YAML where the text is not an object in braces or came from such a file; never opens a file."""
    is_yaml = name.endswith((".yaml", ".yml")) or not text.lstrip("\ufeff \t\r\n").startswith("{")
    return parse_job(text, name=name, yaml=is_yaml)
