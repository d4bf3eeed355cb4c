"""Airflow's own processes for a test: scheduler, triggerer, and in Airflow 3 API server and DAG processor."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from airflow import __version__

AIRFLOW_3 = not __version__.startswith("2.")


class Airflow:
    """A whole Airflow on SQLite in one directory."""

    def __init__(self, home: Path, dags: Path, connection: str) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
            "AIRFLOW_HOME": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if AIRFLOW_3 else "SequentialExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(16),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW_CONN_BCS_DEFAULT": connection,
        }

    def start(self) -> None:
        self.cli("db", "migrate")
        names = ["scheduler", "triggerer"] + (["api-server", "dag-processor"] if AIRFLOW_3 else [])
        for name in names:
            with (self.home / f"{name}.log").open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", name],
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def stop(self) -> None:
        """End each process with all that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes.values():
                if process.poll() is None:
                    os.killpg(process.pid, number)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and any(p.poll() is None for p in self.processes.values()):
                time.sleep(0.2)
        for process in self.processes.values():
            # What a process left in its group, an executor's worker for instance.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def cli(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(statement, values).fetchall()

    def mark_failed(self, dag_id: str, run_id: str) -> None:
        """Do what the button does: set the state of the run's tasks; Airflow itself has to notice."""
        with closing(sqlite3.connect(self.home / "airflow.db", timeout=30)) as connection, connection:
            connection.execute(
                "UPDATE task_instance SET state = 'failed' WHERE dag_id = ? AND run_id = ?", (dag_id, run_id)
            )

    def fail_run(self, dag_id: str, run_id: str) -> None:
        """Mark a whole run failed, as the button does."""
        program = (
            "import sys\n"
            "from airflow.api.common.mark_tasks import set_dag_run_state_to_failed\n"
            "from airflow.utils.session import create_session\n"
            "from airflow.models.dagrun import DagRun\n"
            f"dag_id, run_id = {dag_id!r}, {run_id!r}\n"
            "with create_session() as session:\n"
            "    run = session.query(DagRun).filter_by(dag_id=dag_id, run_id=run_id).one()\n"
            + (
                "    from airflow.models.dagbag import DBDagBag\n"
                "    dag = DBDagBag().get_dag_for_run(run, session=session)\n"
                if AIRFLOW_3
                else "    from airflow.models.serialized_dag import SerializedDagModel\n"
                "    dag = SerializedDagModel.get_dag(dag_id, session=session)\n"
            )
            + "    set_dag_run_state_to_failed(dag=dag, run_id=run_id, commit=True, session=session)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], env=self.environment, cwd="/", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def trigger(self, dag_id: str, run_id: str) -> None:
        self.wait(lambda: bool(self.query("SELECT 1 FROM serialized_dag WHERE dag_id = ?", dag_id)), 120, dag_id)
        self.cli("dags", "trigger", dag_id, "--run-id", run_id)

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        return dict(
            self.query("SELECT task_id, state FROM task_instance WHERE dag_id = ? AND run_id = ?", dag_id, run_id)
        )

    def run_state(self, dag_id: str, run_id: str) -> str:
        ((state,),) = self.query("SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ?", dag_id, run_id)
        return str(state)

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            assert not dead, f"{dead} ended while waiting for {what}: {self.logs()}"
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.logs()}"
            time.sleep(0.5)

    def logs(self) -> str:
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-25:])
            for file in self.home.glob("*.log")
        )

    def trigger_logs(self, dag_id: str = "*") -> str:
        folders = (self.home / "logs").glob(f"dag_id={dag_id}")
        return "\n".join(
            file.read_text(errors="replace") for folder in folders for file in folder.rglob("*.log.trigger.*")
        )


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
