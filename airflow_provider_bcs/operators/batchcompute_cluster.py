"""The operators on clusters: create, resize, delete."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_bcs.airflow_versions import current_task_instance, submitter
from airflow_provider_bcs.batchcompute.cluster.rules import check_cluster, near_field
from airflow_provider_bcs.batchcompute.cluster.submission import create_cluster, delete_created
from airflow_provider_bcs.batchcompute.cluster.target import ClusterTarget
from airflow_provider_bcs.batchcompute.facts import ACTIVE
from airflow_provider_bcs.exceptions import (
    ApiError,
    BcsError,
    InvalidRequestError,
    NotFoundError,
    StateConflictError,
)
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.operators.cluster_wait import wait_for_cluster, wait_has_ended
from airflow_provider_bcs.operators.description import DescriptionOperator
from airflow_provider_bcs.operators.service import ServiceOperator, seconds
from airflow_provider_bcs.short_errors import short_failure
from airflow_provider_bcs.task_errors import RefusedJobError
from airflow_provider_bcs.triggers.deferral import DEFERRABLE
from airflow_provider_bcs.xcom import cluster_id_of, is_missing

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.source import CheckedJob, JobSource

__all__ = [
    "BatchComputeCreateClusterOperator",
    "BatchComputeDeleteClusterOperator",
    "BatchComputeResizeClusterOperator",
    "cluster_id_of",
]


class BatchComputeCreateClusterOperator(DescriptionOperator[BatchComputeHook]):
    """Create a cluster and wait until it has its machines. It is made to be a setup.

    The cluster id is pushed as XCom ``cluster_id`` as soon as it is known, and returned. A retry finds the cluster of
    the previous try; a clear creates another one. When the task fails or is killed, the cluster is deleted: Airflow
    runs no teardown of a setup that has not succeeded.

    ::

        from airflow_provider_bcs.operators.batchcompute_cluster import BatchComputeCreateClusterOperator

        group = {"DesiredVMCount": 2, "InstanceType": "ecs.sn1ne.large"}
        BatchComputeCreateClusterOperator(
            task_id="create",
            cluster={"Name": "nightly", "ImageId": "img-ubuntu", "Groups": {"workers": group}},
        ).as_setup()

    :param cluster: description of the cluster: a dict, JSON text, a ``ClusterDescription``, an object of the vendor's
        SDK, or the path of a ``.json``, ``.yaml`` or ``.yml`` file, absolute or relative to the DAG file (templated)
    :param wait_for_ready: False: end as soon as the cluster is created; jobs wait for its machines by themselves
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param ignore: fields that the checks pass over, such as ``Groups``; see docs/validate.md
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    :raises RefusedJobError: when the service refuses the cluster
    :raises ClusterFailedError: when the cluster is deleted while the task waits
    :raises TaskTimeoutError: when ``execution_timeout`` has passed
    """

    custom_operator_name = "Create BatchCompute cluster"
    template_fields: Sequence[str] = ("cluster", "bcs_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"cluster": "json"}
    ui_color = "#ffe8cc"
    described = "cluster"
    secret_fields = ("cluster",)
    hook_class = BatchComputeHook

    def __init__(
        self,
        *,
        cluster: JobSource,
        wait_for_ready: bool = True,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        ignore: Collection[str] = (),
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, ignore=ignore, **kwargs)
        self.wait_for_ready = wait_for_ready
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        self._cluster_id: str | None = None
        self._creating: tuple[CheckedJob, dict[str, Any]] | None = None
        self.cluster: Any = cluster
        self._accept(cluster)

    def _check(
        self, description: JobSource, *, templates: bool, source: str = "", ignore: Collection[str]
    ) -> CheckedJob:
        return check_cluster(description, templates=templates, source=source, ignore=ignore)

    def _typed(self, description: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        from airflow_provider_bcs.batchcompute.cluster.description import ClusterDescription

        return description, ClusterDescription

    def _page_of(self, description: Mapping[str, Any]) -> str:
        # A worker that runs one task needs no page.
        from airflow_provider_bcs.batchcompute.markdown import cluster_page

        return cluster_page(description)

    def _near_field(self, name: str) -> str | None:
        return near_field(name)

    @short_failure
    def execute(self, context: Context) -> str:
        """Create the cluster, and wait unless told otherwise; return its id."""
        cluster = self._checked()
        try:
            cluster_id = self._create(cluster, context)
            if not self.wait_for_ready:
                return cluster_id
            return wait_for_cluster(self, ClusterTarget(cluster_id), context)
        except (Exception, AirflowTaskTimeout, KeyboardInterrupt):
            self.on_kill()
            raise

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Continue after the trigger's event; return the cluster id."""
        try:
            return wait_has_ended(self, event)
        except BcsError:
            self._cluster_id = str(event["cluster_id"])
            self.on_kill()
            raise

    @short_failure
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral; delete the cluster when Airflow itself has ended the deferral."""
        if next_method == "__fail__":
            self.on_kill()
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """Delete the cluster; a cluster that is deleted already is no error."""
        creating, self._creating = self._creating, None
        cluster_id = None if creating else self._cluster_id or self._pushed_cluster_id()
        try:
            if creating is not None:
                # The task was killed while the service was creating the cluster.
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

    def _create(self, cluster: CheckedJob, context: Context) -> str:
        ti: Any = context["ti"]

        def remember(cluster_id: str) -> None:
            self._cluster_id = cluster_id
            self.log.info("This task's cluster is %s (%s).", cluster_id, cluster["Name"])
            ti.xcom_push(key="cluster_id", value=cluster_id)

        self._creating = cluster, submitter(context)
        try:
            cluster_id = create_cluster(self.hook.client, *self._creating, on_created=remember)
        except InvalidRequestError as error:
            self._creating = None
            raise RefusedJobError(f"The service refuses the cluster: {error}") from error
        self._creating = None
        return cluster_id

    def _pushed_cluster_id(self) -> str | None:
        """Return the id of the cluster that this try created before it was deferred."""
        ti = current_task_instance()
        if ti is None:
            return None
        cluster_id = ti.xcom_pull(task_ids=self.task_id, key="cluster_id", map_indexes=ti.map_index)
        return str(cluster_id) if cluster_id else None


class _ClusterOperator(ServiceOperator[BatchComputeHook]):
    template_fields: Sequence[str] = ("cluster_id", *ServiceOperator.template_fields)
    template_types: ClassVar[Mapping[str, Any]] = {**ServiceOperator.template_types, "cluster_id": str}
    hook_class = BatchComputeHook

    def __init__(
        self,
        *,
        cluster_id: str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, **kwargs)
        self.cluster_id = cluster_id
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)

    @short_failure
    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Continue after the trigger's event; return the cluster id."""
        return wait_has_ended(self, event)


class BatchComputeResizeClusterOperator(_ClusterOperator):
    """Change the number of machines of a cluster's groups, and wait until they have them.

    ::

        from airflow_provider_bcs.operators.batchcompute_cluster import BatchComputeResizeClusterOperator

        BatchComputeResizeClusterOperator(task_id="grow", cluster_id="cls-00000000", groups={"workers": 20})

    :param cluster_id: id of the cluster (templated)
    :param groups: group name -> ``DesiredVMCount``, 0 to 65536 (templated)
    :param wait_for_ready: False: end as soon as the service has the new numbers
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises ApiError: when the service does not answer or refuses
    :raises ClusterFailedError: when the cluster is deleted while the task waits
    :raises TaskTimeoutError: when ``execution_timeout`` has passed
    """

    custom_operator_name = "Resize BatchCompute cluster"
    template_fields: Sequence[str] = (*_ClusterOperator.template_fields, "groups")
    template_types: ClassVar[Mapping[str, Any]] = {**_ClusterOperator.template_types, "groups": dict[str, int]}
    ui_color = "#ffe8cc"

    def __init__(
        self,
        *,
        cluster_id: str,
        groups: Mapping[str, int | str],
        wait_for_ready: bool = True,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(
            cluster_id=cluster_id,
            bcs_conn_id=bcs_conn_id,
            deferrable=deferrable,
            poll_interval=poll_interval,
            **kwargs,
        )
        self.groups = groups
        self.wait_for_ready = wait_for_ready

    @short_failure
    def execute(self, context: Context) -> str:
        """Change the cluster; return its id."""
        counts = {name: int(count) for name, count in self.groups.items()}
        self.hook.client.change_cluster_desired_vm_count(self.cluster_id, **counts)
        self.log.info("Cluster %s is to have %s.", self.cluster_id, counts)
        return (
            wait_for_cluster(self, ClusterTarget(self.cluster_id), context) if self.wait_for_ready else self.cluster_id
        )


class BatchComputeDeleteClusterOperator(_ClusterOperator):
    """Delete a cluster. It is made to be a teardown: a cluster that is deleted, or was never created, is no error.

    ::

        from airflow_provider_bcs.operators.batchcompute_cluster import (
            BatchComputeDeleteClusterOperator,
            cluster_id_of,
        )

        BatchComputeDeleteClusterOperator(
            task_id="delete", cluster_id=cluster_id_of("create"), stop_jobs=True
        ).as_teardown()

    :param cluster_id: id of the cluster; empty or None: no cluster (templated)
    :param stop_jobs: first stop the jobs that wait or run on the cluster
    :param wait_for_deletion: wait until all of its machines are released
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises ApiError: when the service does not answer or refuses
    :raises TaskTimeoutError: when ``execution_timeout`` has passed
    """

    custom_operator_name = "Delete BatchCompute cluster"
    ui_color = "#fff2e0"

    def __init__(
        self,
        *,
        cluster_id: str,
        stop_jobs: bool = False,
        wait_for_deletion: bool = False,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(
            cluster_id=cluster_id,
            bcs_conn_id=bcs_conn_id,
            deferrable=deferrable,
            poll_interval=poll_interval,
            **kwargs,
        )
        self.stop_jobs = stop_jobs
        self.wait_for_deletion = wait_for_deletion

    @short_failure
    def execute(self, context: Context) -> None:
        """Delete the cluster."""
        if is_missing(self.cluster_id):
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
            wait_for_cluster(self, ClusterTarget(self.cluster_id, gone=True), context)

    def _stop_jobs(self) -> None:
        client = self.hook.client
        for job in [job for state in sorted(ACTIVE) for job in client.list_jobs(state, self.cluster_id)]:
            try:
                client.stop_job(job)
                self.log.info("Job %s was %s on the cluster and is stopped.", job.Id, job.State)
            except (NotFoundError, StateConflictError) as error:
                self.log.info("Job %s is not running any more: %s", job.Id, error)
