"""Client for BatchCompute: one method an operation, named as in the vendor's SDK."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, overload

from airflow_provider_bcs.description.model import known_fields_only
from airflow_provider_bcs.description.source import JobSource, read_description
from airflow_provider_bcs.exceptions import StateConflictError
from airflow_provider_bcs.http.response import Unreadable, read_answer

from .app.response import App, AppDetail, AppRevision, CreatedApp
from .cluster.response import Cluster, ClusterInstance, Image
from .facts import MAX_PAGE_SIZE
from .job import JobDescription, read_job
from .paths import app_path, cluster_path, image_path, instance_path, instances_path, job_path, task_path
from .response import AppResult, AvailableResource, Created, Instance, Job, ResourceQuotas, Task
from .roa_client import RoaClient


class Client(RoaClient):
    """Client of BatchCompute, API version 2015-11-11.

    An object with ``Id`` can stand for the id of a job, cluster, machine or image, and one with ``Name`` for an app.
    All methods raise :class:`~airflow_provider_bcs.exceptions.ApiError`.

    ::

        from airflow_provider_bcs.batchcompute import Client

        client = Client("cn-shanghai", "my-key-id", "my-key-secret")
        job_id = client.create_job("jobs/count.json").Id
        print(client.get_job(job_id).State)
    """

    # Jobs

    @overload
    def create_job(self, job: JobSource, token: str = "", sync: Literal[False] = False) -> Created: ...

    @overload
    def create_job(self, job: JobSource, token: str = "", *, sync: Literal[True]) -> AppResult: ...

    def create_job(self, job: JobSource, token: str = "", sync: bool = False) -> Created | AppResult:
        """Submit a job; return an answer whose ``Id`` is the job id.

        :param job: job description in any form, see :func:`~.job.read_job`; a ``CheckedJob`` is sent without a copy
        :param token: idempotency token, up to 64 letters, digits and underscores: the same token and description give
            the same job again. Default: a random one, so that a retry creates no second job
        :param sync: wait for the end of a job of Type App, and return its result. The client asks again when the answer
            takes longer than its time-out
        :raises TokenMismatchError: when another description was submitted with the token
        """
        if sync:
            return self._create(AppResult, "/jobs", read_job(job), token, sync="")
        return self._create(Created, "/jobs", read_job(job), token)

    def get_job(self, job: Any) -> Job:
        """Return state, times and counts of a job."""
        return self._get(Job, job_path(job))

    def get_job_description(self, job: Any) -> JobDescription:
        """Return the submitted description with the service's defaults, without fields unknown to this package."""
        content = self._session.send("GET", f"{job_path(job)}?description", repeatable=True)
        return JobDescription(known_fields_only(JobDescription, content))

    def list_jobs(
        self,
        state: str = "",
        cluster_id: str = "",
        *,
        order_by: str = "",
        reverse: bool = False,
        page_size: int = MAX_PAGE_SIZE,
        unreadable: Unreadable | None = None,
        fields: Collection[str] | None = None,
    ) -> Iterator[Job]:
        """Iterate over all jobs; fetch each page when it is needed.

        :param state: only jobs in this state
        :param cluster_id: only jobs of this cluster
        :param order_by: ``CreationTime`` or ``Id``
        :param reverse: reverse the order
        :param page_size: jobs a request, 1 to 100
        :param unreadable: called with the error of an unreadable job, which is then left out; None: raise the error
        :param fields: read only these fields of each job, which is faster; the others have their defaults
        """
        filters = {"State": state, "ClusterId": cluster_id, "OrderBy": order_by}
        filters["IsReverse"] = "true" if reverse else ""
        return self._list(Job, "/jobs", filters, page_size, unreadable=unreadable, fields=fields)

    def start_job(self, job: Any) -> None:
        """Start a stopped or failed job again; the service runs only instances that had not finished."""
        # Not repeatable: a second start could undo a stop between the two.
        self._session.send("POST", f"{job_path(job)}/start", repeatable=False)

    def stop_job(self, job: Any) -> None:
        """Stop a waiting or running job; the job is Stopped when this method returns."""
        self._send_until("POST", f"{job_path(job)}/stop", StateConflictError)

    def delete_job(self, job: Any) -> None:
        """Delete a job that has ended."""
        self._delete(job_path(job))

    def change_job_priority(self, job: Any, priority: int) -> None:
        """Set the priority, 0 to 1000, of a stopped or failed job."""
        self._session.send("PUT", job_path(job), {"Priority": priority}, repeatable=True)

    # Tasks and instances

    def get_task(self, job: Any, task_name: str) -> Task:
        """Return state, times and counts of a task."""
        return self._get(Task, task_path(job, task_name))

    def list_tasks(
        self, job: Any, *, page_size: int = MAX_PAGE_SIZE, unreadable: Unreadable | None = None
    ) -> Iterator[Task]:
        """Iterate over the tasks of a job; ``unreadable`` as in :meth:`list_jobs`."""
        return self._list(Task, f"{job_path(job)}/tasks", {}, page_size, unreadable=unreadable)

    def get_instance(self, job: Any, task_name: str, instance_id: int) -> Instance:
        """Return state, times and result of an instance.

        :param instance_id: number of the instance, from 0
        """
        return self._get(Instance, f"{task_path(job, task_name)}/instances/{int(instance_id)}")

    def list_instances(
        self,
        job: Any,
        task_name: str,
        state: str = "",
        *,
        page_size: int = MAX_PAGE_SIZE,
        unreadable: Unreadable | None = None,
    ) -> Iterator[Instance]:
        """Iterate over the instances of a task, or over those in one state; ``unreadable`` as in :meth:`list_jobs`."""
        path = f"{task_path(job, task_name)}/instances"
        # The markers of this list are numbers, and the first page has 0.
        return self._list(Instance, path, {"State": state}, page_size, first_marker="0", unreadable=unreadable)

    # Clusters

    def create_cluster(self, cluster: JobSource, token: str = "") -> Created:
        """Create a cluster; return an answer whose ``Id`` is the cluster id.

        :param cluster: a dict, JSON text, the path of a file, a ``ClusterDescription`` or an object with ``detail()``
        :param token: idempotency token, up to 64 letters, digits and underscores: the same token and description give
            the same cluster again
        """
        return self._create(Created, "/clusters", read_description(cluster), token)

    def get_cluster(self, cluster: Any) -> Cluster:
        """Return state, groups and machine counts of a cluster."""
        return self._get(Cluster, cluster_path(cluster))

    def list_clusters(self, *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Cluster]:
        """Iterate over all clusters."""
        return self._list(Cluster, "/clusters", {}, page_size)

    def delete_cluster(self, cluster: Any) -> None:
        """Begin to delete a cluster: the service releases its machines first, and takes some time for it."""
        self._delete(cluster_path(cluster), StateConflictError)

    def modify_cluster(self, cluster: Any, change: JobSource) -> None:
        """Change an Active cluster; fields that ``change`` does not name keep their values.

        :param change: any of ``Groups.{group}.{DesiredVMCount, InstanceType, SpotStrategy, SpotPriceLimit}``,
            ``UserData``, ``EnvVars``, ``ImageId``, ``Configs.Mounts`` and ``InputMapping``
        """
        self._session.send("PUT", cluster_path(cluster), read_description(change), repeatable=True)

    def change_cluster_desired_vm_count(self, cluster: Any, /, **counts: int) -> None:
        """Set the DesiredVMCount of groups, e.g. ``group1=3``."""
        groups = {name: {"DesiredVMCount": count} for name, count in counts.items()}
        self.modify_cluster(cluster, {"Groups": groups})

    def change_cluster_instance_type(self, cluster: Any, group_name: str, instance_type: str) -> None:
        """Set the instance type of a group's future machines."""
        self.modify_cluster(cluster, {"Groups": {group_name: {"InstanceType": instance_type}}})

    def change_cluster_spot_config(
        self, cluster: Any, group_name: str, strategy: str = "", price_limit: float = 0.0
    ) -> None:
        """Set the price strategy of a group; an empty text, or 0, keeps the present value.

        :param strategy: ``SpotWithPriceLimit`` or ``SpotAsPriceGo``
        :param price_limit: highest price for one machine and hour
        """
        given = {"SpotStrategy": strategy, "SpotPriceLimit": price_limit}
        group = {name: value for name, value in given.items() if value}
        self.modify_cluster(cluster, {"Groups": {group_name: group}})

    def change_cluster_user_data(self, cluster: Any, data: Mapping[str, Any]) -> None:
        """Replace the user data of the cluster's machines."""
        self.modify_cluster(cluster, {"UserData": dict(data)})

    def change_cluster_env_vars(self, cluster: Any, data: Mapping[str, str]) -> None:
        """Replace the environment variables of the cluster."""
        self.modify_cluster(cluster, {"EnvVars": dict(data)})

    def change_cluster_input_mapping(self, cluster: Any, data: Mapping[str, str]) -> None:
        """Replace the cluster's mapping of OSS paths to local ones; ``Configs.Mounts`` is its successor."""
        self.modify_cluster(cluster, {"InputMapping": dict(data)})

    def change_cluster_mounts(self, cluster: Any, mounts: JobSource) -> None:
        """Replace the cluster's mounts; existing machines get them when they are recreated."""
        self.modify_cluster(cluster, {"Configs": {"Mounts": read_description(mounts)}})

    # Machines

    def get_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> ClusterInstance:
        """Return the state of a machine."""
        return self._get(ClusterInstance, instance_path(cluster, group_name, instance))

    def list_cluster_instances(
        self, cluster: Any, group_name: str, *, page_size: int = MAX_PAGE_SIZE
    ) -> Iterator[ClusterInstance]:
        """Iterate over the machines of a group."""
        return self._list(ClusterInstance, instances_path(cluster, group_name), {}, page_size)

    def recreate_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> None:
        """Replace a machine by a new one, with another id."""
        path = f"{instance_path(cluster, group_name, instance)}/recreate"
        self._send_until("POST", path, StateConflictError)

    def delete_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> None:
        """Release a machine; this reduces the DesiredVMCount of its group by one."""
        self._delete(instance_path(cluster, group_name, instance), StateConflictError)

    # Images and quotas

    def create_image(self, image: JobSource, token: str = "") -> Created:
        """Create an image from an ECS image; return an answer whose ``Id`` is the image id.

        :param image: a dict, JSON text, the path of a file, an ``ImageDescription`` or an object with ``detail()``
        :param token: idempotency token, up to 64 letters, digits and underscores: the same token and description give
            the same image again. The description may hold it as ``IdempotentToken``
        """
        description = read_description(image)
        return self._create(Created, "/images", description, token or description.pop("IdempotentToken", ""))

    def get_image(self, image: Any) -> Image:
        """Return an image."""
        return self._get(Image, image_path(image))

    def list_images(self, type_: str = "", *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Image]:
        """Iterate over the account's images, or with ``System`` over the service's own."""
        return self._list(Image, "/images", {"Type": type_}, page_size)

    def delete_image(self, image: Any) -> None:
        """Delete an image of the account."""
        self._delete(image_path(image))

    def get_quotas(self) -> ResourceQuotas:
        """Return the resource, disk and instance types that the account may use."""
        return self._get(ResourceQuotas, "/quotas")

    def get_available_resource(self) -> AvailableResource:
        """Return the instance types, with their sizes, and the disk types that are available now."""
        return self._get(AvailableResource, "/available")

    # Apps

    def create_app(self, app: JobSource, token: str = "") -> CreatedApp:
        """Create an app; jobs name it by its ``Name``.

        :param app: a dict, JSON text, the path of a file, an ``AppDescription`` or an object with ``detail()``
        :param token: idempotency token, up to 64 letters, digits and underscores: the same token and description give
            the same app instead of an error that it exists
        """
        return self._create(CreatedApp, "/apps", read_description(app), token)

    def get_app(self, app: Any, scope: str = "") -> App:
        """Return an app without its program.

        :param scope: ``Private`` (default) or ``Public``
        """
        return self._get(App, app_path(app, Scope=scope))

    def get_app_detail(self, app: Any, qualifier: int | str = "") -> AppDetail:
        """Return an app with its program.

        :param qualifier: number of a revision; default: the newest
        """
        return self._get(AppDetail, app_path(app, Detail="True", Qualifier=str(qualifier)))

    def get_app_revisions(self, app: Any) -> list[AppRevision]:
        """Return the revisions of an app."""
        found = self._session.send("GET", app_path(app, Revisions="True"), repeatable=True)
        return [read_answer(AppRevision, item) for item in found.get("Items") or ()]

    def list_apps(self, scope: str = "", *, page_size: int = MAX_PAGE_SIZE) -> Iterator[App]:
        """Iterate over the account's apps, or with ``Public`` over public ones."""
        return self._list(App, "/apps", {"Scope": scope}, page_size)

    def modify_app(self, app: Any, description: JobSource) -> None:
        """Add a revision to an app; jobs run it from now on.

        :param description: the whole description, as for :meth:`create_app`
        """
        # Repeatable: a surplus revision equals the one before.
        self._session.send("PUT", app_path(app), read_description(description), repeatable=True)

    def delete_app(self, app: Any, qualifier: int | str = "") -> None:
        """Delete an app, or one of its revisions.

        :param qualifier: number of a revision; default: all revisions
        """
        self._delete(app_path(app, Qualifier=str(qualifier)))
