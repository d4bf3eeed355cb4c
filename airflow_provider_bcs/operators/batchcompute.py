"""The BatchCompute operator: submit a job and wait until it has ended."""

from __future__ import annotations

import os
import time
import uuid
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowTaskTimeout,
    BaseOperator,
    conf,
    get_current_context,
)

from airflow_provider_bcs.batchcompute.rules import job_warnings, validate_job
from airflow_provider_bcs.batchcompute.states import UNSUCCESSFUL
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.description.source import FILE_SUFFIXES, HasDetail, JobSyntaxError, parse_job, read_job
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import InvalidJobError, JobWarning
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.batchcompute.client import Client
    from airflow_provider_bcs.description.source import JobSource


_PROCESS = uuid.uuid4().hex


class BatchComputeSubmitJobOperator(BaseOperator):
    """Submit a BatchCompute job and wait until it has ended.

    The job's id is pushed as XCom ``job_id`` as soon as it is known, and returned. A retry continues the job of the
    try before: it waits for it when it still runs, and starts it again when it failed or was stopped, which runs only
    what had not finished. ``AutoRelease`` is honoured by deleting the job once its success was seen.

    :param job: the job description: a dict, JSON text, the path of a ``.json``, ``.yaml`` or ``.yml`` file relative to
        the DAG file, one of our models, or an object with ``detail()`` (templated)
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    :param poll_interval: seconds between two polls
    :param wait_for_completion: False to end as soon as the job is submitted
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    """

    template_fields: Sequence[str] = ("job", "bcs_conn_id")
    template_ext: Sequence[str] = FILE_SUFFIXES
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json"}
    ui_color = "#ffe8cc"

    def __init__(
        self,
        *,
        job: JobSource,
        bcs_conn_id: str = BatchComputeHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        wait_for_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(job, os.PathLike):
            job = os.fspath(job)
        elif isinstance(job, (Mapping, HasDetail)):
            # Templates are rendered in plain values, not in models.
            job = read_job(job)
        self.job: Any = job
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_for_completion = wait_for_completion
        self._job_id: str | None = None
        if not self._is_file(job):
            self._take(self.job)

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
        if violations := validate_job(job):
            raise InvalidJobError(violations, source or f"The job of task {self.task_id}")
        for text in job_warnings(job):
            warnings.warn(text, JobWarning, stacklevel=2)

    def resolve_template_files(self) -> None:
        """Read the job file, if there is one, and validate what is in it; called once a DAG file is parsed."""
        file = self.job if self._is_file(self.job) else None
        super().resolve_template_files()
        if file is None or not self.template_ext:
            return
        if self.job == file:
            folders = getattr(self.get_template_env().loader, "searchpath", [])
            raise AirflowException(
                f"The job file {file} of task {self.task_id} cannot be read; looked in {', '.join(folders)}."
            )
        self._take(self.job, source=file)

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the templated fields; the job file is read first where nobody has done that yet."""
        self.resolve_template_files()
        super().render_template_fields(context, jinja_env)

    def render_template(self, content: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        """Render a value, and in a dict the keys too: InputMapping has its OSS paths there."""
        rendered = super().render_template(content, context, *args, **kwargs)
        if not isinstance(rendered, dict):
            return rendered
        return {
            super(BatchComputeSubmitJobOperator, self).render_template(key, context, *args, **kwargs)
            if is_template(key)
            else key: value
            for key, value in rendered.items()
        }

    # Executing

    def execute(self, context: Context) -> str:
        """Submit the job, and wait unless told otherwise; return the job's id."""
        job = self._rendered_job()
        if violations := validate_job(job, templates=False):
            # Trying again would not make it right.
            raise AirflowFailException(str(InvalidJobError(violations, "The rendered job")))
        auto_release = bool(job.get("AutoRelease"))
        if self.wait_for_completion and auto_release:
            # A job that the service deletes leaves nobody a state to see; see _conclude.
            job["AutoRelease"] = False
        job_id = self._submit(job, context)
        if not self.wait_for_completion:
            return job_id
        if self.deferrable:
            self.defer(
                trigger=BatchComputeTrigger(
                    job_id=job_id,
                    bcs_conn_id=self.bcs_conn_id,
                    poll_interval=self.poll_interval,
                    deadline=self._deadline(context),
                ),
                method_name="execute_complete",
            )
        return self._conclude(job_id, self._wait(job_id), auto_release)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Go on after the triggerer has seen the job's end."""
        self._job_id = job_id = str(event["job_id"])
        if event.get("timeout"):
            self.on_kill()
            raise AirflowTaskTimeout(f"Job {job_id} did not end within {self.execution_timeout}; it was stopped.")
        if event.get("error"):
            raise AirflowException(f"Waiting for job {job_id} was given up: {event['error']}")
        return self._conclude(job_id, event["state"], bool(self._rendered_job().get("AutoRelease")))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral; when Airflow itself ended the deferral, the job is stopped.

        Airflow 2 gives a deferral the task's execution_timeout, and calls none of the task's methods when it passes.
        """
        if next_method == "__fail__":
            self.on_kill()
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Stop the job; it is no error that it has ended."""
        from airflow_provider_bcs.openapi.errors import NotFoundError, OpenApiError, StateConflictError

        job_id = self._job_id or self._pushed_job_id()
        if job_id is None:
            return
        try:
            self._client.stop_job(job_id)
        except (StateConflictError, NotFoundError) as error:
            self.log.info("Job %s is not running any more: %s", job_id, error)
        except OpenApiError as error:
            self.log.error("Job %s could NOT be stopped and may still run: %s", job_id, error)
        else:
            self.log.info("Job %s is stopped.", job_id)

    def _pushed_job_id(self) -> str | None:
        """Return the job that this try submitted before it was deferred."""
        try:
            ti: Any = get_current_context()["ti"]
        # Without a context: Airflow 2 raises the one, Airflow 3 the other.
        except (AirflowException, RuntimeError):
            return None
        job_id = ti.xcom_pull(task_ids=self.task_id, key="job_id", map_indexes=ti.map_index)
        return str(job_id) if job_id else None

    @cached_property
    def hook(self) -> BatchComputeHook:
        """The hook; only once the connection id is rendered."""
        return BatchComputeHook(self.bcs_conn_id)

    @property
    def _client(self) -> Client:
        return self.hook.client

    def _rendered_job(self) -> dict[str, Any]:
        # Never read_job for text: rendered text must not be able to name a file.
        return _parsed(self.job, "The rendered job") if isinstance(self.job, str) else read_job(self.job)

    def _submit(self, job: dict[str, Any], context: Context) -> str:
        from airflow_provider_bcs.batchcompute.submission import submit
        from airflow_provider_bcs.openapi.errors import InvalidRequestError

        ti: Any = context["ti"]
        owner = {
            "dag": ti.dag_id,
            "run": ti.run_id,
            # A run that was deleted and made again has the same id, and so may one of another installation.
            # dag.test() of Airflow 2 sets no start dates of its own, but all of its run is in this process.
            "run_started": str(context["dag_run"].start_date) if ti.start_date else _PROCESS,
            "task": ti.task_id,
            "map": ti.map_index,
            # Constant over retries, another one after a clear: a clear starts over.
            "generation": ti.max_tries,
        }
        is_retry = ti.try_number > ti.max_tries - self.retries + 1

        def remember(job_id: str) -> None:
            self._job_id = job_id
            ti.xcom_push(key="job_id", value=job_id)

        try:
            submitted = submit(self._client, job, owner, resume=is_retry, on_submitted=remember)
        except InvalidRequestError as error:
            raise AirflowFailException(f"The service refuses the job: {error}") from error
        self.log.info("Job %s (%s) is submitted.", submitted, job["Name"])
        return submitted

    def _wait(self, job_id: str) -> str:
        poll = Target(job_id).poll(self._client, self.log)
        try:
            while (status := poll()) is None or not status.is_terminal:
                time.sleep(self.poll_interval)
            return status.State
        except KeyboardInterrupt:
            # Ctrl-C on dag.test() or "airflow dags test": nobody would call on_kill.
            self.on_kill()
            raise

    def _conclude(self, job_id: str, state: str, auto_release: bool) -> str:
        from airflow_provider_bcs.batchcompute.failure import explain_failure
        from airflow_provider_bcs.openapi.errors import OpenApiError

        client = self._client
        if state in UNSUCCESSFUL:
            raise AirflowException(explain_failure(client, job_id, state))
        if auto_release:
            try:
                client.delete_job(job_id)
                self.log.info("Job %s is deleted, as AutoRelease asks.", job_id)
            except OpenApiError as error:
                self.log.warning("Job %s succeeded, but could not be deleted: %s", job_id, error)
        return job_id

    def _deadline(self, context: Context) -> float | None:
        ti: Any = context["ti"]
        if self.execution_timeout is None:
            return None
        # dag.test() of Airflow 2 sets no start date.
        started = ti.start_date.timestamp() if ti.start_date else time.time()
        return float(started + self.execution_timeout.total_seconds())


def _parsed(text: str, name: str) -> dict[str, Any]:
    """Parse JSON, or YAML where the text is not an object in braces; never opens a file."""
    return parse_job(text, name=name, yaml=not text.lstrip("\ufeff \t\r\n").startswith("{"))
