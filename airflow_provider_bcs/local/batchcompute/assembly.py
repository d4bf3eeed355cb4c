"""Assembly of the BatchCompute API."""

from __future__ import annotations

from airflow_provider_bcs.local.options import AccessKeyOptions, BatchComputeOptions
from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store
from airflow_provider_bcs.pages.model import JobReader

from . import apps, clusters, creation, image_api, jobs
from .app_api import AppApi
from .apps import Apps
from .cluster_api import ClusterApi
from .clusters import Clusters
from .engine import Engine
from .gateway import BatchComputeGateway
from .image_api import ImageApi
from .job_api import JobApi
from .job_view import JobViews
from .jobs import Jobs
from .lifecycle import Lifecycle
from .notification import Notifier
from .verifier import Verifier

SCHEMA = jobs.SCHEMA + creation.SCHEMA + clusters.SCHEMA + image_api.SCHEMA + apps.SCHEMA


def assemble(
    options: BatchComputeOptions, key: AccessKeyOptions, settings: Settings, store: Store
) -> tuple[BatchComputeGateway, Engine, JobReader]:
    """Return the gateway for requests, the engine that runs instances, and the reader of jobs for their pages."""
    all_jobs, all_clusters, all_apps = Jobs(store), Clusters(store, options.cluster_delay), Apps(store)
    notifier = Notifier(all_jobs)
    lifecycle = Lifecycle(all_jobs, notifier)
    engine = Engine(all_jobs, lifecycle, notifier, settings, options.max_instances)
    job_api = JobApi(all_jobs, lifecycle, engine, all_clusters, all_apps, options.quotas)
    routes = [
        *job_api.routes(),
        *ClusterApi(all_clusters).routes(),
        *ImageApi(store).routes(),
        *AppApi(all_apps).routes(),
    ]
    gateway = BatchComputeGateway(routes, Verifier(key.access_key_id, key.access_key_secret))
    return gateway, engine, JobViews(all_jobs, job_api, settings.data_dir).read
