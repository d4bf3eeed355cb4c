"""The BatchCompute client: one method an operation, named as in the vendor's SDK."""

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
    """

    # Jobs

    @overload
    def create_job(self, job: JobSource, token: str = "", sync: Literal[False] = False) -> Created: ...

    @overload
    def create_job(self, job: JobSource, token: str = "", *, sync: Literal[True]) -> AppResult: ...

    def create_job(self, job: JobSource, token: str = "", sync: bool = False) -> Created | AppResult:
        """Submit a job; its id is the ``Id`` of what is returned.

        :param job: anything a job can be given as
        :param token: up to 64 letters, digits and underscores; the same token with the same job gives the same
            job again instead of a second one. Without it one is made up, so that a lost answer makes no second job
        :param sync: wait until the job, which is one of Type App, has ended, and return how. The service answers when
            it has; what takes longer than the time-out of an answer is asked for again, as after any lost answer
        """
        if sync:
            return self._create(AppResult, "/jobs", read_job(job), token, sync="")
        return self._create(Created, "/jobs", read_job(job), token)

    def get_job(self, job: Any) -> Job:
        """Return state, times and counts of a job."""
        return self._get(Job, job_path(job))

    def get_job_description(self, job: Any) -> JobDescription:
        """Return what was submitted, with the service's defaults filled in; fields unknown to us are left out."""
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
        """Iterate over all jobs, page by page as they are asked for.

        :param state: only jobs in this state
        :param cluster_id: only jobs of this cluster
        :param order_by: ``CreationTime`` or ``Id``
        :param reverse: the other way round
        :param page_size: jobs a request, 1 to 100
        :param unreadable: is given the error of a job that cannot be read, which is left out then; None to raise it
        :param fields: read only these of each job, which takes less time; the others are as if they had not been sent
        """
        filters = {"State": state, "ClusterId": cluster_id, "OrderBy": order_by}
        filters["IsReverse"] = "true" if reverse else ""
        return self._list(Job, "/jobs", filters, page_size, unreadable=unreadable, fields=fields)

    def start_job(self, job: Any) -> None:
        """Run a stopped or failed job again; instances that had finished are not run again."""
        # Not repeatable: a second start could undo a stop that came in between.
        self._session.send("POST", f"{job_path(job)}/start", repeatable=False)

    def stop_job(self, job: Any) -> None:
        """Stop a waiting or running job; it is stopped when this returns."""
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
        """Iterate over the tasks of a job; ``unreadable`` as for the jobs."""
        return self._list(Task, f"{job_path(job)}/tasks", {}, page_size, unreadable=unreadable)

    def get_instance(self, job: Any, task_name: str, instance_id: int) -> Instance:
        """Return state, times and result of an instance; they are numbered from 0."""
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
        """Iterate over the instances of a task, or over those in one state; ``unreadable`` as for the jobs."""
        path = f"{task_path(job, task_name)}/instances"
        # Markers of this one list are numbers, and the first page's is 0.
        return self._list(Instance, path, {"State": state}, page_size, first_marker="0", unreadable=unreadable)

    # Clusters

    def create_cluster(self, cluster: JobSource, token: str = "") -> Created:
        """Make a cluster; its id is the ``Id`` of what is returned.

        :param cluster: a dict, JSON text, the path of a file, a ``ClusterDescription`` or an object with ``detail()``
        :param token: up to 64 letters, digits and underscores; the same token with the same description gives the same
            cluster again instead of a second one
        """
        return self._create(Created, "/clusters", read_description(cluster), token)

    def get_cluster(self, cluster: Any) -> Cluster:
        """Return state, groups and machine counts of a cluster."""
        return self._get(Cluster, cluster_path(cluster))

    def list_clusters(self, *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Cluster]:
        """Iterate over all clusters."""
        return self._list(Cluster, "/clusters", {}, page_size)

    def delete_cluster(self, cluster: Any) -> None:
        """Release all machines of a cluster, then the cluster; this only begins with it."""
        self._delete(cluster_path(cluster), StateConflictError)

    def modify_cluster(self, cluster: Any, change: JobSource) -> None:
        """Change an Active cluster; what is not named keeps its value.

        :param change: any of ``Groups.{group}.{DesiredVMCount, InstanceType, SpotStrategy, SpotPriceLimit}``,
            ``UserData``, ``EnvVars``, ``ImageId``, ``Configs.Mounts`` and ``InputMapping``
        """
        self._session.send("PUT", cluster_path(cluster), read_description(change), repeatable=True)

    def change_cluster_desired_vm_count(self, cluster: Any, /, **counts: int) -> None:
        """Set how many machines groups are to have, e.g. ``group1=3``."""
        groups = {name: {"DesiredVMCount": count} for name, count in counts.items()}
        self.modify_cluster(cluster, {"Groups": groups})

    def change_cluster_instance_type(self, cluster: Any, group_name: str, instance_type: str) -> None:
        """Set the instance type of the machines that a group gets from now on."""
        self.modify_cluster(cluster, {"Groups": {group_name: {"InstanceType": instance_type}}})

    def change_cluster_spot_config(
        self, cluster: Any, group_name: str, strategy: str = "", price_limit: float = 0.0
    ) -> None:
        """Set the price strategy of a group; what is empty, or 0, keeps its value.

        :param strategy: ``SpotWithPriceLimit`` or ``SpotAsPriceGo``
        :param price_limit: the highest price per machine and hour
        """
        given = {"SpotStrategy": strategy, "SpotPriceLimit": price_limit}
        group = {name: value for name, value in given.items() if value}
        self.modify_cluster(cluster, {"Groups": {group_name: group}})

    def change_cluster_user_data(self, cluster: Any, data: Mapping[str, Any]) -> None:
        """Replace what machines can read as their user data."""
        self.modify_cluster(cluster, {"UserData": dict(data)})

    def change_cluster_env_vars(self, cluster: Any, data: Mapping[str, str]) -> None:
        """Replace the environment variables of the cluster."""
        self.modify_cluster(cluster, {"EnvVars": dict(data)})

    def change_cluster_input_mapping(self, cluster: Any, data: Mapping[str, str]) -> None:
        """Replace the cluster's mapping of OSS paths to local ones; ``Configs.Mounts`` is its successor."""
        self.modify_cluster(cluster, {"InputMapping": dict(data)})

    def change_cluster_mounts(self, cluster: Any, mounts: JobSource) -> None:
        """Replace the cluster's mounts; machines that are there already get them when they are recreated."""
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
        """Replace a machine by a new one, which gets an id of its own."""
        path = f"{instance_path(cluster, group_name, instance)}/recreate"
        self._send_until("POST", path, StateConflictError)

    def delete_cluster_instance(self, cluster: Any, group_name: str, instance: Any) -> None:
        """Release a machine; its group is to have one less from now on."""
        self._delete(instance_path(cluster, group_name, instance), StateConflictError)

    # Images, and what the account can use

    def create_image(self, image: JobSource, token: str = "") -> Created:
        """Make an image of one of ECS; its id is the ``Id`` of what is returned.

        :param image: a dict, JSON text, the path of a file, an ``ImageDescription`` or an object with ``detail()``
        :param token: up to 64 letters, digits and underscores; the same token with the same description gives the same
            image again instead of a second one. The description may hold it as ``IdempotentToken``
        """
        description = read_description(image)
        return self._create(Created, "/images", description, token or description.pop("IdempotentToken", ""))

    def get_image(self, image: Any) -> Image:
        """Return an image."""
        return self._get(Image, image_path(image))

    def list_images(self, type_: str = "", *, page_size: int = MAX_PAGE_SIZE) -> Iterator[Image]:
        """Iterate over the account's images, or with ``System`` over those that everybody has."""
        return self._list(Image, "/images", {"Type": type_}, page_size)

    def delete_image(self, image: Any) -> None:
        """Delete an image of the account."""
        self._delete(image_path(image))

    def get_quotas(self) -> ResourceQuotas:
        """Return the resource, disk and instance types that the account may use."""
        return self._get(ResourceQuotas, "/quotas")

    def get_available_resource(self) -> AvailableResource:
        """Return the instance types, with their sizes, and the disk types that can be had now."""
        return self._get(AvailableResource, "/available")

    # Apps

    def create_app(self, app: JobSource, token: str = "") -> CreatedApp:
        """Make an app; jobs name it by its ``Name``.

        :param app: a dict, JSON text, the path of a file, an ``AppDescription`` or an object with ``detail()``
        :param token: up to 64 letters, digits and underscores; the same token with the same description gives the same
            app again instead of an error that it exists
        """
        return self._create(CreatedApp, "/apps", read_description(app), token)

    def get_app(self, app: Any, scope: str = "") -> App:
        """Return an app as those see it who run it.

        :param scope: ``Private``, which is the default, or ``Public``
        """
        return self._get(App, app_path(app, Scope=scope))

    def get_app_detail(self, app: Any, qualifier: int | str = "") -> AppDetail:
        """Return an app with its program.

        :param qualifier: the number of a revision; the newest by default
        """
        return self._get(AppDetail, app_path(app, Detail="True", Qualifier=str(qualifier)))

    def get_app_revisions(self, app: Any) -> list[AppRevision]:
        """Return what revisions of an app there are."""
        found = self._session.send("GET", app_path(app, Revisions="True"), repeatable=True)
        return [read_answer(AppRevision, item) for item in found.get("Items") or ()]

    def list_apps(self, scope: str = "", *, page_size: int = MAX_PAGE_SIZE) -> Iterator[App]:
        """Iterate over the account's apps, or with ``Public`` over those that everybody has."""
        return self._list(App, "/apps", {"Scope": scope}, page_size)

    def modify_app(self, app: Any, description: JobSource) -> None:
        """Give an app a new revision, which jobs run from now on.

        :param description: the whole description, as for :meth:`create_app`
        """
        # Repeatable: one revision too many is the same as the one before.
        self._session.send("PUT", app_path(app), read_description(description), repeatable=True)

    def delete_app(self, app: Any, qualifier: int | str = "") -> None:
        """Delete an app, or one of its revisions.

        :param qualifier: the number of a revision; all of them by default
        """
        self._delete(app_path(app, Qualifier=str(qualifier)))
