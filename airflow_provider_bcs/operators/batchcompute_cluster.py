"""The operators on clusters: create, resize, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

from airflow_provider_bcs.airflow_versions import current_task_instance, start_time, submitter
from airflow_provider_bcs.batchcompute.cluster_rules import validate_cluster
from airflow_provider_bcs.batchcompute.cluster_target import ClusterTarget
from airflow_provider_bcs.batchcompute.facts import ACTIVE, GONE, READY
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.operators.description import DescriptionOperator
from airflow_provider_bcs.operators.submit_job import seconds
from airflow_provider_bcs.triggers.batchcompute_cluster import BatchComputeClusterTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.description.violation import Violation

_NONE = (None, "", "None")


def cluster_id_of(create_task_id: str) -> str:
    """Return the template of the cluster that another task of the same run, and of the same map index, has made."""
    return f"{{{{ ti.xcom_pull(task_ids={create_task_id!r}, key='cluster_id', map_indexes=ti.map_index) }}}}"


class _ClusterOperator(BaseOperator):
    """Waits for a cluster, on a worker or in the triggerer.

    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    :param poll_interval: seconds between two polls
    """

    ui_color = "#ffe8cc"

    def __init__(
        self,
        *,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | timedelta = 10.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bcs_conn_id = bcs_conn_id
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)

    @cached_property
    def hook(self) -> BatchComputeHook:
        """The hook; only once the connection id is rendered."""
        return BatchComputeHook(self.bcs_conn_id)

    def _wait(self, target: ClusterTarget, context: Context) -> str:
        if self.deferrable:
            limit = self.execution_timeout
            deadline = None if limit is None else start_time(context) + limit.total_seconds()
            self.defer(
                trigger=BatchComputeClusterTrigger(
                    **target.fields(),
                    bcs_conn_id=self.bcs_conn_id,
                    poll_interval=self.poll_interval,
                    deadline=deadline,
                ),
                method_name="execute_complete",
            )
        from airflow_provider_bcs.waiting.polling import wait_for_end

        state = wait_for_end(target.poll(self.hook.client, self.log), self.poll_interval)
        return self._conclude(target.cluster_id, state)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Go on after the triggerer has seen the end."""
        cluster_id = str(event["cluster_id"])
        if event.get("timeout"):
            raise AirflowTaskTimeout(f"Cluster {cluster_id} was waited for longer than {self.execution_timeout}.")
        if event.get("error"):
            raise AirflowException(f"Waiting for cluster {cluster_id} was given up: {event['error']}")
        return self._conclude(cluster_id, event["state"])

    def _conclude(self, cluster_id: str, state: str) -> str:
        if state not in (READY, GONE):
            raise AirflowException(f"Cluster {cluster_id} is {state}; it will not get its machines.")
        self.log.info("Cluster %s: %s.", cluster_id, state)
        return cluster_id


class BatchComputeCreateClusterOperator(DescriptionOperator, _ClusterOperator):
    """Make a cluster and wait until it has its machines; made to be a setup.

    The cluster's id is pushed as XCom ``cluster_id`` as soon as it is known, and returned. A retry finds the cluster of
    the try before again; a clear makes another one. When the task fails or is killed the cluster is deleted: Airflow
    runs no teardown for a setup that has not succeeded.

    :param cluster: the description: a dict, JSON text, the path of a ``.json``, ``.yaml`` or ``.yml`` file, absolute or
        relative to the DAG file, a ``ClusterDescription``, or one of the vendor SDK's objects (templated)
    :param wait_for_ready: False to end as soon as the cluster is made; jobs wait for its machines by themselves
    :param bcs_conn_id: the connection (templated)
    :param deferrable: wait in the triggerer; by default what Airflow's option ``default_deferrable`` says
    :param poll_interval: seconds between two polls
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    """

    template_fields: Sequence[str] = ("cluster", "bcs_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"cluster": "json"}
    described = "cluster"
    secret_fields = ("cluster",)

    def __init__(self, *, cluster: JobSource, wait_for_ready: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait_for_ready = wait_for_ready
        self._cluster_id: str | None = None
        self._creating: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.cluster: Any = cluster
        self._accept(cluster)

    def _violations(self, description: dict[str, Any], *, templates: bool) -> list[Violation]:
        return validate_cluster(description, templates=templates)

    def execute(self, context: Context) -> str:
        """Make the cluster, and wait unless told otherwise; return its id."""
        from airflow_provider_bcs.exceptions import ApiError

        cluster = self._rendered()
        if violations := self._violations(cluster, templates=False):
            # Trying again would not make it right.
            raise AirflowFailException(str(InvalidJobError(violations, "The rendered cluster")))
        try:
            cluster_id = self._create(cluster, context)
            self.log.info("Cluster %s (%s) is made.", cluster_id, cluster["Name"])
            if not self.wait_for_ready:
                return cluster_id
            return self._wait(ClusterTarget(cluster_id), context)
        except (AirflowException, AirflowTaskTimeout, ApiError, KeyboardInterrupt):
            self.on_kill()
            raise

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Go on after the triggerer has seen the end."""
        try:
            return super().execute_complete(context, event)
        except (AirflowException, AirflowTaskTimeout):
            self._cluster_id = str(event["cluster_id"])
            self.on_kill()
            raise

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a deferral; when Airflow itself ended the deferral, the cluster is deleted."""
        if next_method == "__fail__":
            self.on_kill()
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Delete the cluster; it is no error that it is gone."""
        from airflow_provider_bcs.batchcompute.cluster_submission import delete_created
        from airflow_provider_bcs.exceptions import ApiError, NotFoundError, StateConflictError

        creating, self._creating = self._creating, None
        cluster_id = None if creating else self._cluster_id or self._pushed_cluster_id()
        try:
            if creating is not None:
                # Killed while the service was making the cluster.
                cluster_id = delete_created(self.hook.client, *creating)
            elif cluster_id is None:
                return
            else:
                self.hook.client.delete_cluster(cluster_id)
        except (NotFoundError, StateConflictError) as error:
            self.log.info("Cluster %s is deleted already: %s", cluster_id, error)
        except ApiError as error:
            self.log.error("Cluster %s could NOT be deleted and may still cost: %s", cluster_id or "(unknown)", error)
        else:
            self.log.info("Cluster %s is deleted.", cluster_id)

    def _create(self, cluster: dict[str, Any], context: Context) -> str:
        from airflow_provider_bcs.batchcompute.cluster_submission import create_cluster
        from airflow_provider_bcs.exceptions import InvalidRequestError

        ti: Any = context["ti"]

        def remember(cluster_id: str) -> None:
            self._cluster_id = cluster_id
            ti.xcom_push(key="cluster_id", value=cluster_id)

        self._creating = cluster, submitter(context)
        try:
            cluster_id = create_cluster(self.hook.client, *self._creating, on_created=remember)
        except InvalidRequestError as error:
            self._creating = None
            raise AirflowFailException(f"The service refuses the cluster: {error}") from error
        self._creating = None
        return cluster_id

    def _pushed_cluster_id(self) -> str | None:
        """Return the cluster that this try made before it was deferred."""
        ti = current_task_instance()
        if ti is None:
            return None
        cluster_id = ti.xcom_pull(task_ids=self.task_id, key="cluster_id", map_indexes=ti.map_index)
        return str(cluster_id) if cluster_id else None


class BatchComputeResizeClusterOperator(_ClusterOperator):
    """Change how many machines the groups of a cluster have, and wait until they have them.

    :param cluster_id: the cluster (templated)
    :param groups: group name -> how many machines it is to have, 0 to 65536 (templated)
    :param wait_for_ready: False to end as soon as the cluster knows
    """

    template_fields: Sequence[str] = ("cluster_id", "groups", "bcs_conn_id")

    def __init__(
        self, *, cluster_id: str, groups: Mapping[str, int | str], wait_for_ready: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.cluster_id = cluster_id
        self.groups = groups
        self.wait_for_ready = wait_for_ready

    def execute(self, context: Context) -> str:
        """Change the cluster; return its id."""
        counts = {name: int(count) for name, count in self.groups.items()}
        self.hook.client.change_cluster_desired_vm_count(self.cluster_id, **counts)
        self.log.info("Cluster %s is to have %s.", self.cluster_id, counts)
        return self._wait(ClusterTarget(self.cluster_id), context) if self.wait_for_ready else self.cluster_id


class BatchComputeDeleteClusterOperator(_ClusterOperator):
    """Delete a cluster; made to be a teardown. That it is gone, or was never made, is no error.

    :param cluster_id: the cluster; empty or None for none (templated)
    :param stop_jobs: first stop the jobs that wait or run on it
    :param wait_for_deletion: wait until all of its machines are released
    """

    template_fields: Sequence[str] = ("cluster_id", "bcs_conn_id")
    ui_color = "#fff2e0"

    def __init__(
        self, *, cluster_id: str, stop_jobs: bool = False, wait_for_deletion: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.cluster_id = cluster_id
        self.stop_jobs = stop_jobs
        self.wait_for_deletion = wait_for_deletion

    def execute(self, context: Context) -> None:
        """Delete the cluster."""
        from airflow_provider_bcs.exceptions import NotFoundError, StateConflictError

        if self.cluster_id in _NONE:
            self.log.info("No cluster was made.")
            return
        if self.stop_jobs:
            self._stop_jobs()
        try:
            self.hook.client.delete_cluster(self.cluster_id)
            self.log.info("Cluster %s is being deleted.", self.cluster_id)
        except (NotFoundError, StateConflictError) as error:
            self.log.info("Cluster %s is deleted already: %s", self.cluster_id, error)
        if self.wait_for_deletion:
            self._wait(ClusterTarget(self.cluster_id, gone=True), context)

    def _stop_jobs(self) -> None:
        from airflow_provider_bcs.exceptions import NotFoundError, StateConflictError

        client = self.hook.client
        for job in [job for state in sorted(ACTIVE) for job in client.list_jobs(state, self.cluster_id)]:
            try:
                client.stop_job(job)
                self.log.info("Job %s was %s on the cluster and is stopped.", job.Id, job.State)
            except (NotFoundError, StateConflictError) as error:
                self.log.info("Job %s is not running any more: %s", job.Id, error)
