"""Import every module and run the demonstration's graph, on the Python and the packages that run this program.

No test file: ``make test-versions`` gives it environments that hold the package and nothing of the tests.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import runpy
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import airflow_provider_bcs
from airflow_provider_bcs.cli import main
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET

EXAMPLES = Path(__file__).parents[2] / "example_dags"


def import_everything() -> None:
    """Import the modules of the package and load the example DAGs."""
    names = [found.name for found in pkgutil.walk_packages(airflow_provider_bcs.__path__, "airflow_provider_bcs.")]
    if tuple(map(int, version("apache-airflow").split(".")[:2])) < (3, 3):
        # There are no retry policies.
        names.remove("airflow_provider_bcs.retry_policy")
    for name in names:
        importlib.import_module(name)
    files = sorted(EXAMPLES.glob("*.py"))
    for file in files:
        runpy.run_path(str(file))
    versions = f"Python {sys.version.split()[0]}, Airflow {version('apache-airflow')}"
    print(f"{versions}: {len(names)} modules and {len(files)} example DAGs imported", flush=True)


def connect_as_a_triggerer() -> None:
    """Build the clients of a triggerer; the demonstration defers nothing."""
    from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
    from airflow_provider_bcs.hooks.dlc import DlcHook

    connection = {"conn_type": "bcs", "host": "http://127.0.0.1:8642", "login": "local", "password": ACCESS_KEY_SECRET}
    os.environ["AIRFLOW_CONN_BCS_DEFAULT"] = json.dumps(connection)
    for hook in (BatchComputeHook(), DlcHook()):
        asyncio.run(hook.get_async_client())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        # Airflow writes its configuration there when it is imported.
        os.environ["AIRFLOW_HOME"] = home
        import_everything()
        connect_as_a_triggerer()
    sys.exit(main(["demo", "--directory", sys.argv[1]]))
