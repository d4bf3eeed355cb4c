"""Assembly of the PAI-DLC API."""

from __future__ import annotations

import argparse

from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store

from .clock import open_clock
from .engine import Engine
from .gateway import DlcGateway
from .job_api import JobApi
from .jobs import SCHEMA as SCHEMA
from .jobs import Jobs
from .lifecycle import Lifecycle
from .pod_api import PodApi
from .spec_api import ROUTES
from .verifier import Verifier


def assemble(args: argparse.Namespace, settings: Settings, store: Store) -> tuple[DlcGateway, Engine]:
    """Return the gateway for requests and the engine that runs pods."""
    jobs = Jobs(store, open_clock(settings.data_dir / "clock.json", args.clock_rate))
    lifecycle = Lifecycle(jobs, args.max_pods, args.time_limit_status)
    engine = Engine(jobs, lifecycle, settings, install_libs=args.install_libs)
    routes = [*JobApi(jobs, lifecycle, engine).routes(), *PodApi(jobs, engine).routes(), *ROUTES]
    return DlcGateway(routes, Verifier(args.access_key_id, args.access_key_secret)), engine
