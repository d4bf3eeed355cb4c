"""``airflow-bcs demo``: run the find-primes graph in Airflow on the local service, in one directory."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from airflow_provider_bcs.exceptions import BcsError

__all__ = ["DemoError", "package", "run"]

DAG_ID = "example_bcs_find_primes"
#: The job file and the folder of its programs, beside the DAG file.
JOB = "find_primes"
BUCKET = "bcs-demo"
#: Maximum seconds of the DAG run.
TIME_LIMIT = 300
_MARK = ".made-by-airflow-bcs-demo"


class DemoError(BcsError):
    """The demo failed; the text is the reason in one line."""


def run(directory: str, examples: Path | None = None) -> int:
    """Run the demo and return the exit code: 0 for success, 1 for an error, 130 after a signal.

    :param directory: directory for logs and results; the directory of an earlier demo is replaced
    :param examples: directory of the example DAGs; default: the one that is installed, or the checkout's
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A shell script starts background commands with SIGINT ignored; Ctrl-C would then end the local service only.
        # nohup ignores SIGHUP so that the demo can outlive its terminal.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        _run(Path(directory).resolve(), examples or _examples())
    except (DemoError, OSError) as error:
        print(f"demo failed: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("demo stopped", file=sys.stderr)  # noqa: T201
        return 130
    return 0


def _run(directory: Path, examples: Path) -> None:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)  # noqa: T201

    _prepare(directory)
    with _local_service(directory) as service:
        say(f"the local service answers on {service['batchcompute']}")
        package(examples, Path(service["data_dir"]))
        environment = _environment(directory, examples, service)
        say("Airflow creates its database")
        _airflow(["db", "migrate"], environment, directory / "db-migrate.log")
        say(f"Airflow runs the DAG {DAG_ID}")
        _run_dag(environment, directory, say)
    results = directory / "data" / "oss" / BUCKET / JOB
    counts = list(results.glob("*/result/count.txt"))
    if len(counts) != 1:
        raise DemoError(f"{results}: found {len(counts)} results; expected 1")
    say(f"primes up to 1,000,000: {counts[0].read_text().strip()}")
    say(f"results: {counts[0].parent}")
    say(f"logs of the instances: {counts[0].parent.parent / 'logs'}")
    say(f"Airflow's log: {directory / 'airflow.log'}")


def _examples() -> Path:
    """Return the folder of the example DAGs: in the installed package, or beside the package in a checkout."""
    here = Path(__file__).parent
    for folder in (here / "example_dags", here.parent / "example_dags"):
        if (folder / f"{JOB}.json").is_file():
            return folder
    raise DemoError(f"{here}: found no example DAGs in it or beside it; expected example_dags/{JOB}.json")


def _prepare(directory: Path) -> None:
    if directory.exists() and not (directory / _MARK).exists() and any(directory.iterdir()):
        raise DemoError(f"{directory}: found files that this command did not create; name another --directory")
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "airflow").mkdir(parents=True)
    (directory / _MARK).touch()


def package(examples: Path, data_dir: Path) -> Path:
    """Pack the programs of the find-primes example into the object that its job file names.

    :param examples: folder of the example DAGs
    :param data_dir: data directory of the local service
    :return: path of the object
    """
    target = data_dir / "oss" / BUCKET / "packages" / f"{JOB}.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:gz") as archive:
        for program in sorted((examples / JOB).glob("*.py")):
            archive.add(program, arcname=program.name)
    return target


@contextmanager
def _local_service(directory: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "airflow_provider_bcs.cli", "local", "--port", "0", "--oss-port", "0"]
    with (directory / "local-service.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--data-dir", str(directory / "data")], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise DemoError(f"the local service did not start; see {log.name}")
        yield json.loads(line)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment(directory: Path, examples: Path, service: dict[str, Any]) -> dict[str, str]:
    connection = {
        "conn_type": "bcs",
        "host": service["batchcompute"],
        "login": service["access_key_id"],
        "password": service["access_key_secret"],
        "extra": {"oss_endpoint": service["oss"]},
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHONPATH"))}
    return {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(directory / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(examples),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW_CONN_BCS_DEFAULT": json.dumps(connection),
        # Python would write bytecode beside the examples, outside the directory.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _airflow(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    with log.open("w") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    if done.returncode:
        raise DemoError(f"airflow {' '.join(arguments)} exited with {done.returncode}; see {log}")


def _run_dag(environment: dict[str, str], directory: Path, say: Any) -> None:
    log = directory / "airflow.log"
    database = directory / "airflow" / "airflow.db"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "dags", "test", DAG_ID],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    shown: dict[str, str] = {}
    deadline = time.monotonic() + TIME_LIMIT
    try:
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise DemoError(f"the DAG did not end within {TIME_LIMIT} s; see {log}")
            _show_changes(database, shown, say)
            time.sleep(0.2)
        _show_changes(database, shown, say)
    finally:
        if process.poll() is None:
            _end(process)
    if process.returncode and not shown:
        _check_import(environment, directory / "import-errors.json")
    unsuccessful = sorted(task for task, state in shown.items() if state != "success")
    if process.returncode or unsuccessful or not shown:
        what = f"tasks without success: {', '.join(unsuccessful)}" if unsuccessful else f"exit {process.returncode}"
        raise DemoError(f"the DAG run did not succeed ({what}); see {log}")


def _check_import(environment: dict[str, str], log: Path) -> None:
    """Raise DemoError if Airflow cannot import the DAG file; ``airflow dags test`` says only "not found"."""
    command = [sys.executable, "-m", "airflow", "dags", "list-import-errors", "--output", "json"]
    if not version("apache-airflow").startswith("2."):
        # Without --local, Airflow 3 reads the errors that a DAG processor stored in the database.
        command.append("--local")
    listed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    # Log lines come first.
    _, _, last_line = listed.stdout.rstrip().rpartition("\n")
    log.write_text(last_line + "\n")
    try:
        errors = {Path(found["filepath"]).name: found["error"] for found in json.loads(last_line)}
    except ValueError:
        return
    file = f"{DAG_ID}.py"
    if file in errors:
        raise DemoError(f"Airflow cannot import {file}: {errors[file].rstrip().rpartition(chr(10))[2]}; see {log}")


def _show_changes(database: Path, shown: dict[str, str], say: Any) -> None:
    """Print state changes of the tasks, read from the database: a call of Airflow's command takes seconds."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT task_id, state FROM task_instance ORDER BY end_date IS NULL, end_date, start_date"
            ).fetchall()
    except sqlite3.OperationalError:
        # Airflow creates the database or has locked it; the next call reads it.
        return
    for task, state in rows:
        if state and shown.get(task) != state:
            shown[task] = state
            say(f"  {task}: {state}")
