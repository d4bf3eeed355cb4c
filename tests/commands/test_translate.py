"""The command translate, and what neither it nor graph can make anything of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_bcs.batchcompute import from_v1, read_job, validate_job
from airflow_provider_bcs.translator.dag_file import dag_file
from airflow_provider_bcs.translator.plan import plan_job
from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import find_prime, v1_job
from tests.commands.files import BAD, DIAMOND, line_of


def test_translate_writes_a_dag_file(file, run):
    name = file("jobs.json", DIAMOND)
    expected = dag_file(plan_job(DIAMOND), "jobs.json")
    assert run("translate", name) == (0, expected.splitlines(), [])
    assert run("translate", name, "-o", "dag.py") == (0, [], [])
    assert Path("dag.py").read_text() == expected
    assert run("translate", name, "-o", "dag.py") == (1, [], ["dag.py: the file exists; add --force to overwrite it."])
    Path("dag.py").write_text("mine")
    assert run("translate", name, "-o", "dag.py", "--force")[0] == 0
    assert Path("dag.py").read_text() == expected
    itself = ["jobs.json: is the job file itself; name another file with -o."]
    assert run("translate", name, "-o", name, "--force") == (1, [], itself)
    assert run("translate", name, "-o", "no/dag.py")[2] == ["no/dag.py: cannot be written: No such file or directory."]


def test_ignored_fields_are_ignored_by_the_operators_too(file, run, monkeypatch):
    name = file("jobs.json", job({"a": task(Tiemout=3), "b": task()}, {"a": ["b"]}, Priority=1001))
    for command in ("translate", "graph"):
        code, out, err = run(command, name)
        assert (code, out) == (1, [])
        assert [line.split(":")[2] for line in err] == [" Priority", " DAG.Tasks.a.Tiemout"]
    ignored = ("--ignore", "Priority", "--ignore", "DAG.Tasks.a.Tiemout")
    assert run("graph", name, *ignored) == (0, ["a -> b", "b"], [])
    code, out, err = run("translate", name, *ignored)
    assert (code, err) == (0, [])
    namespace = {}
    exec(compile("\n".join(out), "dag.py", "exec"), namespace)
    a, b = (namespace["dag"].get_task(each) for each in "ab")
    assert a.ignore == ["Priority", "DAG.Tasks.a.Tiemout"]
    assert b.ignore == ["Priority"]
    assert (a.job["Priority"], a.job["DAG"]["Tasks"]["a"]["Tiemout"]) == (1001, 3)


def test_translate_names_the_secrets_that_it_writes(file, run):
    variables = {"API_TOKEN": "s3cret", "DB_PASSWORD": "{{ var.value.db }}", "TOKENIZERS_PARALLELISM": "false"}
    work = task("sh -c 'PASSWORD=s3cret ./x'", Mounts={"Entries": [], "OSS": {"AccessKeySecret": "s3cret"}})
    work["Parameters"]["Command"]["EnvVars"] = variables
    name = file("secret.json", job({"a": work}))
    code, out, err = run("translate", name)
    assert code == 0
    assert "s3cret" in "\n".join(out)
    where = ["Parameters.Command.CommandLine", "Parameters.Command.EnvVars.API_TOKEN", "Mounts.OSS.AccessKeySecret"]
    assert [line.split(": found a secret in plain text")[0] for line in err] == [
        f"secret.json: warning: DAG.Tasks.a.{path}" for path in where
    ]
    assert run("translate", name, "--to", "v2")[2] == []


def test_translate_an_old_file_into_a_new_one(file, run):
    name = file("old.yaml", v1_job(Description="数"))
    code, out, err = run("translate", name, "--to", "v2", "-o", "new.json")
    assert (code, out) == (0, [])
    assert err == ["old.yaml: warning: JobTag has no counterpart and is left out."]
    assert read_job("new.json") == from_v1(json.loads(Path(name).read_text()))[0]
    assert "数" in Path("new.json").read_text()
    assert Path("new.json").read_text().startswith('{\n    "Type": "DAG",\n')
    assert validate_job("new.json") == []
    again = run("translate", "new.json", "--to", "v2")
    assert again == (0, Path("new.json").read_text().splitlines(), [])


def test_a_text_that_utf8_cannot_hold(file, run):
    name = file("odd.json", json.dumps(job(Description="\ud800 x")))
    assert run("translate", name, "--to", "v2", "-o", "new.json")[0] == 0
    assert json.loads(Path("new.json").read_text())["Description"] == "\ud800 x"
    assert run("translate", name)[0] == 0


def test_translate_with_a_table_of_instance_types(file, run):
    name = file("old.json", v1_job({"Find": find_prime(ResourceDescription={"Cpu": 9600})}))
    table = file("types.json", {"ecs.huge": [104, 200_000]})
    code, _, err = run("translate", name)
    assert code == 1
    assert err[0].startswith(f"old.json:{line_of(name, 'ResourceDescription')}: TaskDag.TaskDescMap.Find.Resource")
    code, out, _ = run("translate", name, "--instance-types", table, "--to", "v2")
    assert code == 0
    found = json.loads("\n".join(out))
    assert found["DAG"]["Tasks"]["Find"]["AutoCluster"]["InstanceType"] == "ecs.huge"
    for bad in ({"x": [1]}, {"x": [True, 2]}, {"x": 8}, {"x": [1, 0]}, {"x": [-1, 1]}):
        code, _, err = run("translate", name, "--instance-types", file("types.json", bad))
        says = f"types.json: x: found {bad['x']!r}; expected [cores, MB of memory], both above 0."
        assert (code, err) == (1, [says])
    assert run("translate", name, "--instance-types", "none.json")[0] == 1


@pytest.mark.parametrize("command", [("translate", "-o", "out"), ("translate", "--to", "v2", "-o", "out"), ("graph",)])
@pytest.mark.parametrize("content", [BAD, "{", {"DisplayName": "x", "JobType": "PyTorchJob", "JobSpecs": []}])
def test_nothing_is_made_of_a_wrong_file(file, run, command, content):
    name = file("bad.json", content)
    code, out, err = run(command[0], name, *command[1:])
    assert (code, out) == (1, [])
    assert err
    assert all(text.startswith("bad.json:") for text in err)
    assert not Path("out").exists()
    if content != BAD:
        return
    assert err == run("validate", name)[1]


def test_a_graph_that_only_a_template_knows(file, run):
    code, out, err = run("translate", file("late.json", job({"{{ params.x }}": task()})))
    assert (code, out) == (1, [])
    assert err[0].startswith("late.json: DAG.Tasks: found the template")
    for command in ("translate", "graph"):
        code, out, err = run(command, file("late.json", job() | {"DAG": "{{ params.x }}"}))
        assert (code, out) == (1, [])
        assert err[0].startswith("late.json: DAG: found the template '{{ params.x }}'; ")
    assert run("graph", file("app.json", {"Name": "a", "Type": "App", "App": {"AppName": ":a"}}))[0] == 1
