"""The CreateJob error table as data, and for each row a job that breaks that rule and no other."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.batchcompute.jobs import job, put, task, without

TABLE = Path(__file__).parents[1] / "data" / "createjob_errors.csv"


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    number: int
    code: str
    message: str
    status: int
    field: str
    rule: str

    @property
    def id(self) -> str:
        return f"{self.number:02}-{self.code}-{self.rule[:20]}"

    @property
    def quota(self) -> str:
        return self.rule.partition("quota=")[2]


@dataclass(frozen=True)
class Case:
    """A request body that breaks a rule, and what the service answers."""

    body: Any
    code: str
    message: str
    path: str


with TABLE.open(newline="") as file:
    ROWS = [
        Row(number, line["code"], line["message"], int(line["status"]), line["field"], line["rule"])
        for number, line in enumerate(csv.DictReader(file), 1)
    ]

# The values of one map key and value that are right, so that only the one under test is wrong.
_ENTRY = {
    "EnvVars": ("NAME", "value"),
    "InputMapping": ("oss://bucket/in/", "/home/in/"),
    "OutputMapping": ("/home/out/", "oss://bucket/out/"),
    "LogMapping": ("/home/log.txt", "oss://bucket/logs/"),
    "Tasks": ("count", task()),
    "Dependencies": ("count", []),
}
_WRONG_TYPE = {"string": 7, "object": 7, "array": 7, "integer": "7", "boolean": "true"}


def breaking(row: Row) -> Case:
    """Return a body that breaks ``row`` and nothing else."""
    if row.field == "$":
        body = '{"Name": ' if row.rule == "json" else "[]"
        return Case(body, row.code, row.message, "$")
    if row.rule == "generic":
        body = put(job(), "DAG.Tasks.count.CommandLin", "echo")
        return _filled(row, body, "Parameter", "CommandLin", "DAG.Tasks.count.CommandLin")
    if row.quota:
        return _quota(row)
    path = row.field.replace("DAG.Tasks.{key}", "DAG.Tasks.count", 1) if row.field != "DAG.Tasks.{key}" else row.field
    if row.rule == "required":
        body = without(job(), path)
        return Case(body, row.code, row.message, path)
    if "{key}" in path:
        return _entry(row, path)
    value = _wrong(row.rule, path)
    return Case(put(job(), path, value), row.code, row.message, path)


def _entry(row: Row, path: str) -> Case:
    parent = path.split(".{key}")[0]
    name = parent.rpartition(".")[2]
    key, value = _ENTRY[name]
    if path.endswith(".value"):
        value = _wrong(row.rule, path)
    else:
        key = _wrong(row.rule, path)
    body = put(job(), parent, {key: value})
    return _filled(row, body, "key", key, path.replace("{key}", key))


def _filled(row: Row, body: Any, placeholder: str, text: str, path: str) -> Case:
    mark = "{" + placeholder + "}"
    return Case(body, row.code.replace(mark, text), row.message.replace(mark, text), path)


def _wrong(rule: str, path: str) -> Any:
    kind, _, detail = rule.replace(" ", "=", 1).partition("=")
    if kind == "type":
        return _WRONG_TYPE[detail]
    if kind == "length":
        return "x" * (int(detail.split("..")[1]) + 1)
    if kind == "size":
        return _too_many(path, int(detail.split("..")[1]) + 1)
    if kind == "range":
        return int(detail.split("..")[1]) + 1
    return {
        "pattern": "no good!",
        "oss_path": "http://bucket/x/",
        "abs_path": "not/absolute",
        "abs_path_or_drive": "not/absolute",
        "enum": "Elvish",
    }[kind]


def _too_many(path: str, count: int) -> dict[str, Any]:
    name = path.rpartition(".")[2]
    if name == "Tasks":
        return {f"task{number}": task() for number in range(count)}
    key, value = _ENTRY[name]
    return {(f"{key}{number}/" if key.endswith("/") else f"{key}{number}"): value for number in range(count)}


def _quota(row: Row) -> Case:
    """A job over a quota of 2."""
    message = row.message.replace("{value}", "2")
    body, path = {
        "MaxInstanceTimeout": (job({"count": task(Timeout=3)}), "DAG.Tasks.count.Timeout"),
        "MaxTaskInstanceCount": (job({"count": task(InstanceCount=3)}), "DAG.Tasks.count.InstanceCount"),
        "MaxJobTaskCount": (job({name: task() for name in "abc"}), "DAG.Tasks"),
        "MaxJobCount": (job(), "(account)"),
    }[row.quota]
    return Case(body, row.code, message, path)
