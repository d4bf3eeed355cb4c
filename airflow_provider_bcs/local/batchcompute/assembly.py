"""Put the BatchCompute side together."""

from __future__ import annotations

import argparse

from airflow_provider_bcs.batchcompute.rules import Quotas
from airflow_provider_bcs.local.runner import Settings
from airflow_provider_bcs.local.store import Store

from .engine import Engine
from .front import BatchComputeFront
from .job_api import JobApi
from .jobs import SCHEMA as SCHEMA
from .jobs import Jobs
from .lifecycle import Lifecycle
from .verifier import Verifier


def assemble(args: argparse.Namespace, settings: Settings, store: Store) -> tuple[BatchComputeFront, Engine]:
    """Return what answers requests and what runs instances, by the options of the command."""
    jobs = Jobs(store)
    lifecycle = Lifecycle(jobs)
    engine = Engine(jobs, lifecycle, settings, args.max_instances)
    api = JobApi(jobs, lifecycle, engine, Quotas(**dict(args.quota)))
    return BatchComputeFront(api.routes(), Verifier(args.access_key_id, args.access_key_secret)), engine
