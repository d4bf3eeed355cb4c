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
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
from airflow import __version__
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.child import LIMIT, restore_signals

AIRFLOW_3 = not __version__.startswith("2.")

#: How often whoever works is killed, and how many tasks wait when it is a triggerer; "make test-rounds" has more.
ROUNDS = int(os.environ.get("ROUNDS", "1"))
#: How often the triggerer is killed while the same tasks wait.
KILLS = int(os.environ.get("KILLS", "1"))
#: Where there is one worker at a time, each costs seconds.
WAITS = int(os.environ.get("WAITS", "10" if AIRFLOW_3 else "3"))

#: A worker that has not been heard of for so many seconds is taken for dead; it says something every five.
HEARTBEAT_TIMEOUT = 20
_HEARTBEAT = (
    {
        "TASK_INSTANCE_HEARTBEAT_TIMEOUT": HEARTBEAT_TIMEOUT,
        "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 2,
    }
    if AIRFLOW_3
    else {
        "SCHEDULER_ZOMBIE_TASK_THRESHOLD": HEARTBEAT_TIMEOUT,
        "ZOMBIE_DETECTION_INTERVAL": 2,
        "LOCAL_TASK_JOB_HEARTBEAT_SEC": 5,
    }
)
#: The triggers of a triggerer that has not been heard of for so many seconds are taken over by another one.
TRIGGERER_TIMEOUT = 20


class Airflow:
    """A whole Airflow in one directory, on SQLite unless ``settings`` say otherwise."""

    def __init__(self, home: Path, dags: Path, connection: str, **settings: str) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._has_deleted = False
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
            # A worker whose first question is not answered in 5 s fails its task; a busy machine takes longer.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(16),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            **{f"AIRFLOW__SCHEDULER__{name}": str(value) for name, value in _HEARTBEAT.items()},
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": str(TRIGGERER_TIMEOUT),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW_CONN_BCS_DEFAULT": connection,
            "WAITS": str(WAITS),
            **settings,
        }
        database = settings.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home / 'airflow.db'}?timeout=30")
        self.database = create_engine(database, poolclass=NullPool)

    def start(self) -> None:
        self.cli("db", "migrate")
        names = ["scheduler", "triggerer"] + (["api-server", "dag-processor"] if AIRFLOW_3 else [])
        for name in names:
            self.start_process(name, name)

    def start_process(self, name: str, *component: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *component],
                # Two triggerers serve their logs side by side.
                env={**self.environment, "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port())},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=restore_signals,
            )

    def stop(self) -> None:
        """End each process with all that it started."""
        self._end(*self.processes.values())

    def stop_process(self, name: str, *numbers: signal.Signals) -> None:
        """End one of them, by default as it is ended when the machine is; SIGKILL leaves it no time."""
        self._end(self.processes.pop(name), numbers=numbers or (signal.SIGTERM, signal.SIGKILL))

    def _end(
        self, *ending: subprocess.Popen[bytes], numbers: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGKILL)
    ) -> None:
        for number in numbers:
            for process in ending:
                if process.poll() is None:
                    os.killpg(process.pid, number)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and any(p.poll() is None for p in ending):
                time.sleep(0.2)
        for process in ending:
            # What a process left in its group, an executor's worker for instance.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Let a process and all it started do nothing, as on a machine that swaps."""
        group = self.processes[name].pid
        try:
            os.killpg(group, signal.SIGSTOP)
            # One that stops in the middle of a transaction would keep everybody else from SQLite.
            deadline = time.monotonic() + LIMIT
            while not self._is_unlocked():
                assert time.monotonic() < deadline, f"{name} stops in a transaction each time"
                os.killpg(group, signal.SIGCONT)
                time.sleep(0.1)
                os.killpg(group, signal.SIGSTOP)
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    def _is_unlocked(self) -> bool:
        if self.database.dialect.name != "sqlite":
            return True
        try:
            with closing(sqlite3.connect(self.home / "airflow.db", timeout=2)) as connection:
                connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
        return True

    def cli(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def mark_failed(self, dag_id: str, run_id: str) -> None:
        """Do what the button does: set the state of the run's tasks; Airflow itself has to notice."""
        self.mark("failed", dag_id, run_id)

    def mark(self, state: str, dag_id: str, run_id: str, task_id: str = "%") -> None:
        """Do the same for one task, or with another state."""
        self._execute(
            "UPDATE task_instance SET state = :state, end_date = :now"
            " WHERE dag_id = :dag_id AND run_id = :run_id AND task_id LIKE :task_id",
            state=state,
            now=datetime.now(timezone.utc),
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
        )

    def set_back(self, dag_id: str, run_id: str, ago: timedelta) -> None:
        """Have a run believe that it started long ago."""
        self._execute(
            "UPDATE dag_run SET start_date = :started WHERE dag_id = :dag_id AND run_id = :run_id",
            started=datetime.now(timezone.utc) - ago,
            dag_id=dag_id,
            run_id=run_id,
        )

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Delete a run with all its tasks; the API of Airflow 3 deletes none that is running.

        A scheduler that was just looking at it ends with an ObjectDeletedError (seen in 3.3.2), and is started again.
        """
        self._has_deleted = True
        self._execute("DELETE FROM dag_run WHERE dag_id = :dag_id AND run_id = :run_id", dag_id=dag_id, run_id=run_id)

    def _execute(self, statement: str, **parameters: Any) -> None:
        with self.database.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA foreign_keys = ON"))
                parameters = {name: _as_stored(value) for name, value in parameters.items()}
            connection.execute(text(statement), parameters)

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
            [sys.executable, "-c", program],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def kill_worker(self, dag_id: str, run_id: str, task_id: str) -> None:
        """End the processes that run a task and watch over it, as the kernel does when memory runs out.

        Airflow notices after :data:`HEARTBEAT_TIMEOUT` seconds.
        """
        _, worker = self._running(dag_id, run_id, task_id)
        _kill(worker[::-1])

    def kill_process_of(self, dag_id: str, run_id: str, task_id: str) -> str:
        """End the one of our processes that a task runs under and all below it, as when their machine is lost.

        Returns its name.
        """
        name, _ = self._running(dag_id, run_id, task_id)
        with self.processes.pop(name) as process:
            lost = psutil.Process(process.pid)
            _kill([lost, *lost.children(recursive=True)])
        return name

    def _running(self, dag_id: str, run_id: str, task_id: str) -> tuple[str, list[psutil.Process]]:
        """Return which of our processes a task runs under, and the processes below that, the task's own first."""
        ((pid,),) = self.query(
            "SELECT pid FROM task_instance"
            " WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND state = 'running'",
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
        )
        names = {process.pid: name for name, process in self.processes.items()}
        task = psutil.Process(pid)
        below = [task]
        for parent in task.parents():
            if parent.pid in names:
                return names[parent.pid], below
            below.append(parent)
        raise AssertionError(f"{task_id} runs in process {pid}, which is none of ours")

    def trigger(self, dag_id: str, run_id: str) -> None:
        self.wait(
            lambda: bool(self.query("SELECT 1 FROM serialized_dag WHERE dag_id = :dag_id", dag_id=dag_id)), 120, dag_id
        )
        self.cli("dags", "trigger", dag_id, "--run-id", run_id)

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        return dict(
            self.query(
                "SELECT task_id, state FROM task_instance WHERE dag_id = :dag_id AND run_id = :run_id",
                dag_id=dag_id,
                run_id=run_id,
            )
        )

    def run_state(self, dag_id: str, run_id: str) -> str:
        ((state,),) = self.query(
            "SELECT state FROM dag_run WHERE dag_id = :dag_id AND run_id = :run_id", dag_id=dag_id, run_id=run_id
        )
        return str(state)

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            if self._has_deleted and dead == ["scheduler"]:
                self.start_process("scheduler", "scheduler")
                dead = []
            assert not dead, f"{dead} ended while waiting for {what}: {self.logs()}"
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.logs()}"
            time.sleep(0.5)

    def logs(self) -> str:
        # What a task waits for is often told by the last of them.
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-25:])
            for file in [*sorted(self.home.glob("*.log")), *sorted((self.home / "logs").rglob("*.log.trigger.*"))]
        )

    def trigger_logs(self, dag_id: str = "*", run_id: str = "*", task_id: str = "*", attempt: int | str = "*") -> str:
        """Return what the triggerer has logged of tasks."""
        return self._logs_of(f"dag_id={dag_id}/run_id={run_id}/task_id={task_id}/attempt={attempt}.log.trigger.*")

    def task_logs(self, dag_id: str, task_id: str) -> str:
        """Return what the workers have logged of a task."""
        return self._logs_of(f"dag_id={dag_id}/run_id=*/task_id={task_id}/*.log")

    def _logs_of(self, files: str) -> str:
        return "\n".join(file.read_text(errors="replace") for file in (self.home / "logs").glob(files))


def _as_stored(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _kill(processes: Sequence[psutil.Process]) -> None:
    """End processes, parents first: none is left to start another in place of one that is gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=20)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
