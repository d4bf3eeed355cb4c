"""``make bench``: ratios measured side by side in one run; absolute times on shared machines say little."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc.logs import PodLogReader
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import job_to_dag
from tests.batchcompute.jobs import job, task
from tests.local.service import Service, wait_until

BASE = "import airflow.triggers.base; from airflow.providers.common.compat.sdk import DAG, BaseOperator, TaskGroup"
OURS = "import airflow_provider_bcs.operators"
TASKS = 1000
INSTANCES = 300
LINES = 1_000_000


def paired(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure two things in turn; return both medians and the median of the ratios."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def interpreter(program: str) -> Callable[[], float]:
    return lambda: timed(lambda: subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True))


def translated() -> object:
    names = [f"t{number}" for number in range(TASKS)]
    edges = {name: names[index + 1 : index + 3] for index, name in enumerate(names)}
    return job_to_dag(job({name: task() for name in names}, edges))


def by_hand() -> object:
    with DAG("by_hand", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None) as dag:
        names = [f"t{number}" for number in range(TASKS)]
        made = {
            name: BatchComputeSubmitJobOperator(task_id=name, job=job({name: task()}, Name=f"a-job-{name}"))
            for name in names
        }
        for index, name in enumerate(names):
            if below := names[index + 1 : index + 3]:
                made[name].set_downstream([made[other] for other in below])
    return dag


def bare_processes() -> float:
    def all_of_them() -> None:
        running: list[subprocess.Popen[bytes]] = []
        for _ in range(INSTANCES):
            running.append(subprocess.Popen(["true"]))
            if len(running) == 4:
                running.pop(0).wait()
        for process in running:
            process.wait()

    return INSTANCES / timed(all_of_them)


def served_instances(service: Service, client: Client) -> float:
    def whole_job() -> None:
        created = client.create_job(job({"a": task("true", InstanceCount=INSTANCES)}))
        wait_until(lambda: client.get_job(created).is_terminal, timeout=120)

    return INSTANCES / timed(whole_job)


def log_reader(lines: int) -> Callable[[], float]:
    """Return what gives the time in µs a line in which a log of 1,000 lines a second is read while it grows."""
    begin = 1_700_000_000
    log = [f"line {number}" for number in range(lines)]

    def read_all() -> None:
        now = begin

        def fetch(start: int, end: int | None, most: int) -> list[str]:
            first, last = (max(0, (second - begin) * 1000) for second in (start, (end or now) + 1))
            return log[first:last][-most:]

        reader = PodLogReader(fetch, lambda: now, begin)
        found: list[str] = []
        while now < begin + lines / 1000 + 10:
            now += 10
            found += reader.read(lines)
        assert found + reader.read(lines, ended=True) == log

    return lambda: timed(read_all) / lines * 1e6


def show(what: str, ours: float, theirs: float, ratio: float, unit: str) -> None:
    print(f"{what:<68} {ours:9.2f} {theirs:9.2f} {unit:<6} {ratio:6.2f}")


def main() -> None:
    print("Each line: two things measured in turn, their medians, and the median of the ratios ours / other.")
    print("For times (s) a ratio near 1 is good. The local service pays for a shim, a directory and a namespace each.")
    print(f"{'':<68} {'ours':>9} {'other':>9} {'':<6} {'ratio':>6}")
    for module in ("batchcompute", "dlc"):
        ours, base, ratio = paired(interpreter(f"{BASE}; {OURS}.{module}"), interpreter(BASE), 7)
        show(f"interpreter + operators.{module} / interpreter + Airflow's own classes", ours, base, ratio, "s")
    ours, hand, ratio = paired(lambda: timed(translated), lambda: timed(by_hand), 7)
    show(f"DAG of {TASKS} tasks: translated / the same operators by hand", ours, hand, ratio, "s")
    long, short, ratio = paired(log_reader(LINES), log_reader(LINES // 10), 3)
    show(f"a line of a growing pod log: of {LINES} lines / of {LINES // 10}", long, short, ratio, "µs")
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", "--max-instances", "4")
        client = Client(service.url, "local", "local")
        try:
            ours, bare, ratio = paired(lambda: served_instances(service, client), bare_processes, 3)
            show("local service / bare process starts, 4 at a time", ours, bare, ratio, "1/s")
        finally:
            service.end()


if __name__ == "__main__":
    main()
