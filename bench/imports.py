"""CPU time that the import of our operators and of the peers' adds to Airflow's own, in fresh interpreters."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from bench.rows import Row, compared, is_installed

ROUNDS = 3
BASE = "airflow.sdk"
OURS = ("airflow_provider_bcs.operators.batchcompute", "airflow_provider_bcs.operators.dlc")
PEERS = ("airflow.providers.databricks.operators.databricks", "airflow.providers.amazon.aws.operators.batch")
_PROGRAM = """
import importlib, time
started = time.process_time()
from airflow.sdk import DAG, BaseOperator, TaskGroup
between = time.process_time()
importlib.import_module("{module}")
print(between - started, time.process_time() - between)
"""


def times(module: str) -> tuple[float, float]:
    """Return the CPU seconds of Airflow's own import, and those that the module adds."""
    command = [sys.executable, "-W", "ignore", "-c", _PROGRAM.format(module=module)]
    last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    base, added = map(float, last.split())
    return base, added


def rows() -> Iterator[Row]:
    """Yield the CPU time that our modules add, against Airflow itself and against the peers."""
    peers = [module for module in PEERS if is_installed(module)]
    # The modules take turns, so that a change of load concerns all. The first round only writes the byte code.
    rounds = [{module: times(module) for module in (*OURS, *peers)} for _ in range(ROUNDS + 1)][1:]
    added = {module: statistics.median(each[module][1] for each in rounds) * 1000 for module in (*OURS, *peers)}
    base = statistics.median(seconds for each in rounds for seconds, _ in each.values()) * 1000
    for ours in OURS:
        yield compared(f"import of {_short(ours)} / of {BASE} itself", added[ours], base, "ms")
        for peer in peers:
            yield compared(f"import of {_short(ours)} / of {_short(peer)}", added[ours], added[peer], "ms")


def _short(module: str) -> str:
    return ".".join(module.split(".")[-2:] if module in OURS else module.split(".")[2:])
