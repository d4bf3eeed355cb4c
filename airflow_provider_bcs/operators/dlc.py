"""The PAI-DLC operator: submit a training job and wait until it has ended, with its logs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_bcs.dlc.job_logs import MAX_LINES
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.dlc import DlcJobLink
from airflow_provider_bcs.operators.submit_job import SubmitJobOperator
from airflow_provider_bcs.triggers.deferral import DEFERRABLE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

__all__ = ["DlcSubmitJobOperator"]


class DlcSubmitJobOperator(SubmitJobOperator[DlcHook]):
    """Submit a PAI-DLC job and wait until it has ended; the pods' logs appear in the task's log meanwhile.

    The job's ``DisplayName`` gets the suffix ``-SERIES-TOKEN``, and the job a tag: a retry finds the job of the
    previous try by them, and waits for it when it still runs. A job that failed or was stopped is submitted again. The
    job id is pushed as XCom ``job_id`` as soon as it is known, and returned.

    ::

        from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

        worker = {"Type": "Worker", "PodCount": 2, "EcsSpec": "ecs.c6.large", "Image": "python:3.12"}
        DlcSubmitJobOperator(
            task_id="train",
            job={
                "DisplayName": "train",
                "JobType": "PyTorchJob",
                "JobSpecs": [worker],
                "UserCommand": "python -c 'print(1)'",
            },
            deferrable=True,
        )

    :param job: body of CreateJob: a dict, JSON text, a model, an object of the vendor's SDK, or the path of a
        ``.json``, ``.yaml`` or ``.yml`` file, absolute or relative to the DAG file (templated). Without
        ``WorkspaceId`` it gets the connection's
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param wait_for_completion: False: end as soon as the job is submitted
    :param max_log_lines: number of log lines of all pods together that one poll writes at most; 0: no logs
    :param ignore: fields that the checks pass over, such as ``JobSpecs.EcsSpec``; see docs/validate.md
    :param context_env: give the job's programs variables that name the Airflow task, such as ``AIRFLOW_CTX_DAG_ID``,
        and the job tags with the same ids; see docs/trail.md
    :param skip_on_exit_code: exit code, or list of them, of the program that ends the task as skipped
    :param queue_timeout: seconds since the submission, or a timedelta, after which a job that has not begun to run is
        stopped, and the task fails with ``QueueTimeoutError``; None: no limit
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    :raises ValueError: while the DAG file is parsed, when another argument is wrong
    :raises JobFailedError: when the job failed or was stopped
    :raises TaskTimeoutError: when ``execution_timeout`` has passed; the job is stopped
    """

    custom_operator_name = "PAI-DLC job"
    ui_color = "#d6ebff"
    hook_class = DlcHook
    job_link = DlcJobLink()
    operator_extra_links = (job_link,)

    def __init__(
        self,
        *,
        job: JobSource,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        wait_for_completion: bool = True,
        max_log_lines: int = MAX_LINES,
        ignore: Collection[str] = (),
        context_env: bool = True,
        skip_on_exit_code: int | Collection[int] | None = None,
        queue_timeout: float | timedelta | None = None,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        check_max_log_lines(max_log_lines)
        self.max_log_lines = max_log_lines
        super().__init__(
            job=job,
            bcs_conn_id=bcs_conn_id,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_for_completion=wait_for_completion,
            ignore=ignore,
            context_env=context_env,
            skip_on_exit_code=skip_on_exit_code,
            queue_timeout=queue_timeout,
            **kwargs,
        )

    @cached_property
    def port(self) -> DlcPort:
        """The service's port with the operator's options. Use it in ``execute`` only, as the hook."""
        return replace(self.hook.port, log_limit=self.max_log_lines)

    @staticmethod
    def _trigger_class() -> type[DlcJobTrigger]:
        from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

        return DlcJobTrigger


def check_max_log_lines(found: object) -> None:
    """Check an argument ``max_log_lines``.

    :raises ValueError: when it is no whole number from 0
    """
    if type(found) is not int or found < 0:
        raise ValueError(f"max_log_lines is a whole number from 0; found {found!r}.")
