"""``make bench``: ratios measured side by side in one run; absolute times on shared machines say little."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeAlias

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.batchcompute import Client
from airflow_provider_bcs.dlc.logs import PodLogReader
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import job_to_dag
from tests.batchcompute.jobs import job, task
from tests.local.service import Service, wait_until

BASE = "import airflow.triggers.base; from airflow.providers.common.compat.sdk import DAG, BaseOperator, TaskGroup"
OURS = "import airflow_provider_bcs.operators"
TASKS = 5000
INSTANCES = 300
LINES = 1_000_000

#: The name of a task -> what it holds.
Content: TypeAlias = Callable[[str], dict[str, Any]]


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


def plain(name: str) -> dict[str, Any]:
    return task()


def different(name: str) -> dict[str, Any]:
    """A task as job files have them: nothing in it is that of another."""
    return task(
        f"python {name}.py --day {{{{ ds }}}}",
        InputMapping={f"oss://bucket/{{{{ ds }}}}/{name}/in/": f"/home/{name}/in/"},
        OutputMapping={f"/home/{name}/out/": f"oss://bucket/{name}/out/"},
        LogMapping={f"/home/{name}/log/": f"oss://bucket/{name}/log/"},
        Timeout=600,
        MaxRetryCount=1,
    )


def edges(count: int) -> dict[str, list[str]]:
    names = [f"t{number}" for number in range(count)]
    return {name: names[index + 1 : index + 3] for index, name in enumerate(names)}


def whole(count: int, content: Content) -> dict[str, Any]:
    below = edges(count)
    return job({name: content(name) for name in below}, below)


def translated(count: int, content: Content = plain) -> Callable[[], float]:
    return lambda: timed(lambda: job_to_dag(whole(count, content)))


def by_hand(count: int, content: Content = plain) -> Callable[[], float]:
    def build() -> None:
        with DAG("by_hand", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None):
            below = edges(count)
            made = {
                name: BatchComputeSubmitJobOperator(
                    task_id=name, job=job({name: content(name)}, Name=f"a-job-{name}"[:64])
                )
                for name in below
            }
            for name, successors in below.items():
                if successors:
                    made[name].set_downstream([made[successor] for successor in successors])

    return lambda: timed(build)


def graphs(folder: Path) -> None:
    """The speed of translating: against the same operators by hand, and of a long graph against a short one."""
    for what, content in (("", plain), (" that all differ", different)):
        found = paired(translated(TASKS, content), by_hand(TASKS, content), 7)
        show(f"DAG of {TASKS} tasks{what}: translated / by hand", *found, "s")
    file = folder / "job.json"
    file.write_text(json.dumps(whole(TASKS, different)))
    found = paired(lambda: timed(lambda: job_to_dag(file)), by_hand(TASKS, different), 7)
    show(f"the same from a file of {file.stat().st_size / 1024**2:.1f} MiB / by hand", *found, "s")
    few = TASKS // 5
    long, short = translated(TASKS), translated(few)
    found = paired(lambda: long() / TASKS * 1e6, lambda: short() / few * 1e6, 7)
    show(f"a translated task: of {TASKS} / of {few}", *found, "µs")


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
    with tempfile.TemporaryDirectory() as folder:
        graphs(Path(folder))
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
