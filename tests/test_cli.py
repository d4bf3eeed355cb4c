"""The commands on job files: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from airflow_provider_bcs.batchcompute import from_v1, read_job, validate_job
from airflow_provider_bcs.cli import main
from airflow_provider_bcs.translator.dag_file import dag_file
from airflow_provider_bcs.translator.plan import plan_job
from tests.batchcompute.jobs import graphs, job, task
from tests.batchcompute.legacy_jobs import find_prime, v1_job

DIAMOND = job({n: task(InstanceCount=2 if n == "b" else 1) for n in "dabc"}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]})


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a file where the test runs; return its name."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        Path(name).write_text(text, encoding="utf-8", newline="")
        return name

    return write


@pytest.fixture
def run(capsysbinary):
    """Run the command; return its exit code and the lines on stdout and stderr."""

    def command(*arguments):
        code = main(list(arguments))
        out, err = capsysbinary.readouterr()
        return code, out.decode().splitlines(), err.decode().splitlines()

    return command


def line_of(name, text):
    """Return the number of the only line with a text."""
    (number,) = (number for number, line in enumerate(Path(name).read_text().splitlines(), 1) if text in line)
    return number


# validate


def test_validate_good_files(file, run):
    good, both = file("good.json", job()), file("both.json", job({"a": task(AutoCluster={"ImageId": "img-x"})}))
    many = file("many.json", job({f"t{n}": task() for n in range(17)}))
    code, out, _ = run("validate", good, both)
    assert code == 0
    assert out[0] == "good.json: valid"
    assert out[1].startswith("both.json: warning: DAG.Tasks.a has both ClusterId and AutoCluster")
    code, out, _ = run("validate", good, many, "missing.json")
    assert code == 1
    assert len(out) == 3
    assert out[1].startswith(f"many.json:{line_of(many, 'Tasks')}: DAG.Tasks: InvalidTasks: ")
    assert out[2] == "missing.json: cannot be read: No such file or directory."
    assert run("validate", "--any-size", many)[0] == 0


def test_validate_takes_no_directory(run, tmp_path):
    assert run("validate", str(tmp_path)) == (1, [f"{tmp_path}: is not a file."], [])


BAD = job(
    {
        "a": task(Tiemout=3, InputMapping={"oss://b/a.b/": "home/in"}),
        "b.c": task("x", Mounts={"Entries": [{"Source": "oss://b/", "Destination": "/x"}, {"Source": "b"}]}),
    },
    {"a": ["z"]},
    Priority=-1,
)


def as_yaml(content):
    import yaml

    return yaml.safe_dump(content, sort_keys=False)


FORMS = {
    "bad.json": lambda content: json.dumps(content, indent=2),
    "tabs.json": lambda content: json.dumps(content, indent="\t"),
    "windows.json": lambda content: json.dumps(content, indent=4).replace("\n", "\r\n"),
    "bad.yaml": as_yaml,
}


@pytest.mark.parametrize("name", FORMS)
def test_validate_names_the_line(file, run, name):
    file(name, FORMS[name](BAD))
    code, out, err = run("validate", name)
    assert (code, err) == (1, [])
    lines = {text.split(": ")[1]: int(text.split(":")[1]) for text in out}
    assert lines == {
        "Priority": line_of(name, "Priority"),
        "DAG.Tasks.a.Tiemout": line_of(name, "Tiemout"),
        "DAG.Tasks.a.InputMapping.oss://b/a.b/.value": line_of(name, "home/in"),
        "DAG.Tasks.b.c": line_of(name, "b.c"),
        "DAG.Tasks.b.c.Mounts.Entries.1.Source": [
            number for number, text in enumerate(Path(name).read_text().splitlines(), 1) if "Source" in text
        ][1],
        "DAG.Dependencies.a": line_of(name, "Dependencies") + 1,
    }
    assert out[0].startswith(f"{name}:{line_of(name, 'Priority')}: Priority: InvalidPriority: ")


def test_a_missing_field_has_the_line_of_its_parent(file, run):
    description = job({"a": task()})
    del description["DAG"]["Tasks"]["a"]["Parameters"]["Command"]["CommandLine"], description["Type"]
    name = file("missing.json", description)
    _, out, _ = run("validate", name)
    assert [text.split(": ")[:2] for text in out] == [
        ["missing.json:1", "Type"],
        [f"missing.json:{line_of(name, 'Command')}", "DAG.Tasks.a.Parameters.Command.CommandLine"],
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", '{\n  "Name": 1,\n}', "a.json:3: is not JSON: "),
        ("a.yaml", "Name: a\nDAG: [\n", "a.yaml:3: is not YAML: "),
        ("b.json", "", "b.json: is empty."),
        ("c.json", '{"Name": "\x7f", "x\x7f": 1}', "c.json:1: x\\x7f: "),
    ],
)
def test_where_text_cannot_be_read(file, run, name, content, says):
    code, out, _ = run("validate", file(name, content))
    assert code == 1
    assert out[0].startswith(says)


@pytest.mark.parametrize("command", ["validate", "graph", "translate"])
def test_a_violation_is_one_line_whatever_its_key_is(file, run, command):
    name = file("odd.json", job(**{"x\ny.json:1: fake\x1b[31m\u2028": 1}))
    code, out, err = run(command, name)
    (line,) = out or err
    assert code == 1
    assert line.startswith(rf"odd.json:{line_of(name, 'fake')}: x\ny.json:1: fake\x1b[31m\u2028: ")
    code, out, err = run(command, file("odd.json", job(**{"\ud800": 1})))
    (line,) = out or err
    assert code == 1
    assert line.startswith(r"odd.json:1: \ud800: ")


def test_a_terminal_that_cannot_show_a_name(file):
    name = file("odd.json", job({"数": task()}))
    done = subprocess.run(
        [sys.executable, "-m", "airflow_provider_bcs.cli", "validate", name],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "DAG.Tasks.\\u6570" in done.stdout


def test_validate_a_file_of_the_first_api(file, run):
    good = file("old.json", v1_job())
    assert run("validate", good) == (0, ["old.json: warning: JobTag has no counterpart and is left out."], [])
    bad = file("bad.json", v1_job({"Find": find_prime(Timeout=0, ImageId=7, Tiemout=1)}, JobName="1"))
    code, out, _ = run("validate", bad)
    assert code == 1
    assert [text.split(": ")[:2] for text in out] == [
        [f"bad.json:{line_of(bad, 'Tiemout')}", "TaskDag.TaskDescMap.Find.Tiemout"],
        [f"bad.json:{line_of(bad, 'JobName')}", "Name (JobName)"],
        [f"bad.json:{line_of(bad, 'Timeout')}", "DAG.Tasks.Find.Timeout (TaskDag.TaskDescMap.Find.Timeout)"],
        [
            f"bad.json:{line_of(bad, 'ImageId')}",
            "DAG.Tasks.Find.AutoCluster.ImageId (TaskDag.TaskDescMap.Find.ImageId)",
        ],
    ]


def test_validate_a_dlc_file(file, run):
    name = file("train.json", {"DisplayName": "x", "JobType": "PyTorchJob", "JobSpecs": [{"PodCount": "1"}]})
    code, out, _ = run("validate", name)
    assert code == 1
    assert any(text.startswith(f"train.json:{line_of(name, 'PodCount')}: JobSpecs.0.PodCount: ") for text in out)


@pytest.mark.parametrize(
    ("description", "wrong", "kind"),
    [
        ({"Name": "c", "ImageId": "img-x", "Groups": {"g": {"DesiredVMCount": 2}}}, {"Groups": []}, "a cluster"),
        ({"Name": "i", "EcsImageId": "m-x", "Platform": "Linux"}, {"Platform": "Unix"}, "an image"),
        ({"Name": "a", "CommandLine": "true", "Docker": {"Image": "x"}}, {"CommandLine": 1}, "an app"),
    ],
)
def test_validate_what_is_no_job(file, run, description, wrong, kind):
    good, bad = file("good.json", description), file("bad.yaml", description | wrong)
    assert run("validate", good) == (0, ["good.json: valid"], [])
    code, (line,), _ = run("validate", bad)
    (field,) = wrong
    assert code == 1
    assert line.startswith(f"bad.yaml:{line_of(bad, field)}: {field}: Invalid{field}: ")
    code, _, (line,) = run("graph", good)
    assert code == 1
    assert line.startswith(f"good.json: {kind} has no graph; ")


@pytest.mark.parametrize("command", ["validate", "graph", "translate"])
def test_a_name_of_a_file_that_is_none(run, command):
    code, out, err = run(command, "x" * 5000 + ".json")
    assert (code, len(out + err)) == (1, 1)
    assert (out + err)[0].endswith(".json: cannot be read: File name too long.")


def test_a_name_of_a_file_that_moves_the_cursor(file, run):
    assert run("validate", file("a\n\x1b[2J.json", job())) == (0, [r"a\n\x1b[2J.json: valid"], [])
    wrong = r"a\n\x1b[2J.json: is empty."
    assert run("validate", file("a\n\x1b[2J.json", "")) == (1, [wrong], [])
    assert run("graph", "a\n\x1b[2J.json") == (1, [], [wrong])


def command_line(redirected, name):
    """Run a command in a shell; return its exit code and what is on stderr."""
    program = f"{sys.executable} -m airflow_provider_bcs.cli"
    done = subprocess.run(
        ["bash", "-c", f"{program} {redirected.format(name)}; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["validate --any-size", "graph", "translate"])
def test_an_output_that_cannot_be_written(file, command):
    many = file("many.json", job({f"t{n}": task() for n in range(3000)}))
    file("wrong.json", job({f"t{n}": task(Tiemout=1) for n in range(3000)}))
    full = "airflow-bcs: the output cannot be written: No space left on device.\n"
    assert command_line(f"{command} {{}} > /dev/full", many) == (1, full)
    assert command_line(f"{command} {{}} | true", "wrong.json" if "validate" in command else many) == (1, "")
    code, err = command_line(f"{command} {{}} >&-", many)
    assert (code, err) == ((1, "There is no standard output; name a file with -o.\n") if "late" in command else (0, ""))


def test_a_command_that_is_interrupted(file):
    os.mkfifo("slow.py")
    name = file("good.json", job())
    # Nobody reads from the pipe: it waits to be opened.
    command = [sys.executable, "-m", "airflow_provider_bcs.cli", "translate", name, "--force", "-o", "slow.py"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == ""


# translate


def test_translate_writes_a_dag_file(file, run):
    name = file("jobs.json", DIAMOND)
    expected = dag_file(plan_job(DIAMOND), "jobs.json")
    assert run("translate", name) == (0, expected.splitlines(), [])
    assert run("translate", name, "-o", "dag.py") == (0, [], [])
    assert Path("dag.py").read_text() == expected
    assert run("translate", name, "-o", "dag.py") == (1, [], ["dag.py: exists; --force overwrites it."])
    Path("dag.py").write_text("mine")
    assert run("translate", name, "-o", "dag.py", "--force")[0] == 0
    assert Path("dag.py").read_text() == expected
    itself = ["jobs.json: is the job file itself; name another one."]
    assert run("translate", name, "-o", name, "--force") == (1, [], itself)
    assert run("translate", name, "-o", "no/dag.py")[2] == ["no/dag.py: cannot be written: No such file or directory."]


def test_translate_names_the_secrets_that_it_writes(file, run):
    variables = {"API_TOKEN": "s3cret", "DB_PASSWORD": "{{ var.value.db }}", "TOKENIZERS_PARALLELISM": "false"}
    work = task("sh -c 'PASSWORD=s3cret ./x'", Mounts={"Entries": [], "OSS": {"AccessKeySecret": "s3cret"}})
    work["Parameters"]["Command"]["EnvVars"] = variables
    name = file("secret.json", job({"a": work}))
    code, out, err = run("translate", name)
    assert code == 0
    assert "s3cret" in "\n".join(out)
    where = ["Parameters.Command.CommandLine", "Parameters.Command.EnvVars.API_TOKEN", "Mounts.OSS.AccessKeySecret"]
    assert [line.split(" stands in the DAG file")[0] for line in err] == [
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
        says = f"types.json: x: found {bad['x']!r}; right is [cores, MB of memory], numbers above 0."
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
    assert err[0].startswith("late.json: DAG.Tasks holds the template")
    for command in ("translate", "graph"):
        code, out, err = run(command, file("late.json", job() | {"DAG": "{{ params.x }}"}))
        assert (code, out) == (1, [])
        assert err[0].startswith("late.json: DAG holds the template '{{ params.x }}': ")
    assert run("graph", file("app.json", {"Name": "a", "Type": "App", "App": {"AppName": ":a"}}))[0] == 1


# graph


def test_graph_as_text(file, run):
    assert run("graph", file("d.json", DIAMOND)) == (0, ["a -> b, c", "b (2 instances) -> d", "c -> d", "d"], [])
    chain = job({n: task() for n in "cab"}, {"a": ["b"], "b": ["c"]})
    assert run("graph", file("c.json", chain))[1] == ["a -> b", "b -> c", "c"]
    assert run("graph", file("t.json", job({"a": "{{ params.x }}"})))[1] == ["a"]
    fan = job({f"t{n}": task() for n in range(40)}, {"t0": [f"t{n}" for n in range(1, 40)]})
    assert run("graph", file("f.json", fan))[1][0] == "t0 -> " + ", ".join(f"t{n}" for n in range(1, 40))
    assert run("graph", file("old.json", v1_job()))[1] == ["Find"]


def test_graph_as_mermaid(file, run):
    description = job(
        {"end": task(InstanceCount='{{ params["n"] }}'), "a-b": task(InstanceCount=3)}, {"a-b": ["end", "end"]}
    )
    assert run("graph", "--mermaid", file("m.json", description))[1] == [
        "flowchart LR",
        '    task1["a-b (3 instances)"]',
        '    task2["end (#123;#123; params#91;#34;n#34;#93; #125;#125; instances)"]',
        "    task1 --> task2",
    ]


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(description=graphs())
def test_the_graph_is_whole_and_in_an_order_that_can_run(tmp_path_factory, capsys, description):
    path = tmp_path_factory.mktemp("graph") / "a.json"
    path.write_text(json.dumps(description))
    assert main(["graph", str(path)]) == 0
    lines = [line.partition(" -> ") for line in capsys.readouterr().out.splitlines()]
    order = [name for name, _, _ in lines]
    assert sorted(order) == sorted(description["DAG"]["Tasks"])
    found = {name: successors.split(", ") for name, arrow, successors in lines if arrow}
    dependencies = description["DAG"]["Dependencies"]
    assert found == {name: list(dict.fromkeys(targets)) for name, targets in dependencies.items() if targets}
    for name, successors in found.items():
        assert all(order.index(name) < order.index(successor) for successor in successors)


def test_the_commands_need_no_airflow(file):
    name = file("old.json", v1_job())
    for command in (["validate", name], ["translate", name], ["graph", name]):
        program = (
            f"import sys; from airflow_provider_bcs.cli import main; assert main({command!r}) == 0;"
            "assert not [module for module in sys.modules if module.split('.')[0] in ('airflow', 'requests')]"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )
        assert done.returncode == 0, done.stderr
