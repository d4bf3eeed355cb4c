"""Assembly of the PAI-DLC API."""

from __future__ import annotations

from airflow_provider_bcs.local.options import AccessKeyOptions, DlcOptions
from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store
from airflow_provider_bcs.pages.model import JobReader

from .clock import open_clock
from .engine import Engine
from .gateway import DlcGateway
from .job_api import JobApi
from .job_view import JobViews
from .jobs import SCHEMA as SCHEMA
from .jobs import Jobs
from .lifecycle import Lifecycle
from .pod_api import PodApi
from .spec_api import ROUTES
from .verifier import Verifier

PATH_PREFIX = "/api/v1/"


def assemble(
    options: DlcOptions, key: AccessKeyOptions, settings: Settings, store: Store
) -> tuple[DlcGateway, Engine, JobReader]:
    """Return the gateway for requests, the engine that runs pods, and the reader of jobs for their pages."""
    jobs = Jobs(store, open_clock(settings.data_dir / "clock.json", options.clock_rate))
    lifecycle = Lifecycle(jobs, options.max_pods, options.time_limit_status)
    engine = Engine(jobs, lifecycle, settings, install_libs=options.install_libs)
    routes = [*JobApi(jobs, lifecycle, engine).routes(), *PodApi(jobs, engine).routes(), *ROUTES]
    gateway = DlcGateway(routes, Verifier(key.access_key_id, key.access_key_secret))
    return gateway, engine, JobViews(jobs, engine).read
