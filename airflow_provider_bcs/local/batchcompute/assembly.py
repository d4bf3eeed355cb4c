"""Assembly of the BatchCompute API."""

from __future__ import annotations

from airflow_provider_bcs.local.options import AccessKeyOptions, BatchComputeOptions
from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store

from . import apps, clusters, creation, image_api, jobs
from .app_api import AppApi
from .apps import Apps
from .cluster_api import ClusterApi
from .clusters import Clusters
from .engine import Engine
from .gateway import BatchComputeGateway
from .image_api import ImageApi
from .job_api import JobApi
from .jobs import Jobs
from .lifecycle import Lifecycle
from .notification import Notifier
from .verifier import Verifier

SCHEMA = jobs.SCHEMA + creation.SCHEMA + clusters.SCHEMA + image_api.SCHEMA + apps.SCHEMA


def assemble(
    options: BatchComputeOptions, key: AccessKeyOptions, settings: Settings, store: Store
) -> tuple[BatchComputeGateway, Engine]:
    """Return the gateway for requests and the engine that runs instances."""
    all_jobs, all_clusters, all_apps = Jobs(store), Clusters(store, options.cluster_delay), Apps(store)
    notifier = Notifier(all_jobs)
    lifecycle = Lifecycle(all_jobs, notifier)
    engine = Engine(all_jobs, lifecycle, notifier, settings, options.max_instances)
    routes = [
        *JobApi(all_jobs, lifecycle, engine, all_clusters, all_apps, options.quotas).routes(),
        *ClusterApi(all_clusters).routes(),
        *ImageApi(store).routes(),
        *AppApi(all_apps).routes(),
    ]
    return BatchComputeGateway(routes, Verifier(key.access_key_id, key.access_key_secret)), engine
