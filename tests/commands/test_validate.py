"""The command validate: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batchcompute.clusters import cluster
from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import find_prime, v1_job
from tests.child import LIMIT
from tests.commands.files import BAD, line_of
from tests.dlc.bodies import body


def test_validate_good_files(file, run):
    good, both = file("good.json", job()), file("both.json", job({"a": task(AutoCluster={"ImageId": "img-x"})}))
    many = file("many.json", job({f"t{n}": task() for n in range(17)}))
    code, out, _ = run("validate", good, both)
    assert code == 0
    assert out[0] == "good.json: valid"
    assert out[1].startswith("both.json: warning: DAG.Tasks.a.AutoCluster: found beside ClusterId; ")
    code, out, _ = run("validate", good, many, "missing.json")
    assert code == 1
    assert len(out) == 3
    assert out[1].startswith(f"many.json:{line_of(many, 'Tasks')}: DAG.Tasks: InvalidTasks: ")
    assert out[2] == "missing.json: cannot be read: No such file or directory."
    assert run("validate", "--any-size", many)[0] == 0


def test_validate_takes_no_directory(run, tmp_path):
    assert run("validate", str(tmp_path)) == (1, [f"{tmp_path}: found a directory; expected a file."], [])


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
        "DAG.Tasks.a.InputMapping.oss://bucket/a.b/.value": line_of(name, "home/in"),
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
        ("a.json", '{\n  "Name": 1,}', "a.json:2: is not JSON: found a comma too many; remove the comma at line 2"),
        ("a.json", '{\n  "Name": [1,]}', "a.json:2: is not JSON: found a comma too many"),
        ("a.json", '{\n  // a graph\n  "Name": 1}', "a.json:2: is not JSON: found a comment, which JSON does not have"),
        ("a.json", '{"Name": 1 /* a\n graph */}', "a.json:1: is not JSON: found a comment"),
        ("a.json", '{"Name":\n"a\tb"}', "a.json:2: is not JSON: found a control character"),
        ("job.cfg", "[DEFAULT]\njob_name=a\n", "job.cfg: found suffix '.cfg'; expected the JSON that 'bcs sub"),
        ("train.params", "name=a\n", "train.params: found suffix '.params'; expected a JSON file of CreateJob"),
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
        timeout=LIMIT,
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


def test_a_file_in_another_encoding(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("gbk.json").write_bytes('{\n"Name": "数据"}'.encode("gbk"))
    assert run("validate", "gbk.json")[1] == [
        "gbk.json: is not UTF-8 text: line 2 cannot be decoded; save it as UTF-8."
    ]


def test_a_field_in_another_object_than_its_own(file, run):
    name = file("misplaced.json", job({"a": task(InputMappingConfig={"Lock": True})}))
    (text,) = run("validate", name)[1]
    assert text.endswith("There is no such field here; it belongs in Parameters.")


@pytest.mark.parametrize(
    ("content", "warns"),
    [
        (job(WriteSupport=True), "WriteSupport: found at the top of the job"),
        (job({"a": task("")}), "DAG.Tasks.a.Parameters.Command.CommandLine: found no program"),
        (job({"a": task("  ")}), "DAG.Tasks.a.Parameters.Command.CommandLine: found no program"),
    ],
)
def test_valid_but_without_effect(file, run, content, warns):
    code, out, _ = run("validate", file("old.json", content))
    assert code == 0
    assert f"old.json: warning: {warns}" in out[0]


def test_a_zone_that_older_tools_leave_empty(file, run):
    assert not any("ZoneId" in text for text in run("validate", file("v1.json", v1_job(ZoneId="")))[1])


def test_a_bucket_that_cannot_exist(file, run):
    mounts = {"Mounts": {"Entries": [{"Source": "oss://b2/", "Destination": "/mnt"}]}}
    files = [
        file("job.json", job({"a": task(OutputMapping={"/out/": "oss://b2/out/"})})),
        file("cluster.json", cluster(Configs=mounts)),
    ]
    code, lines, _ = run("validate", *files)
    assert code == 0
    for name, line in zip(files, lines, strict=True):
        assert line.startswith(f"{name}: warning: ")
        assert "found bucket 'b2'; expected 3 to 63" in line


def test_ignore_lets_pass_what_is_found(file, run):
    wrong = file("job.json", job({"a": task(Timeout="1h"), "b": task(Timeout="2h")}, NewField=1))
    assert run("validate", wrong)[0] == 1
    code, (line,), _ = run("validate", "--ignore", "NewField", "--ignore", "DAG.Tasks.a.Timeout", wrong)
    assert code == 1
    assert "DAG.Tasks.b.Timeout" in line
    assert run("validate", wrong, "--ignore", "NewField", "--ignore", "Timeout") == (0, ["job.json: valid"], [])
    newer = file("dlc.json", body(DisplayName="model[7b]", Settings={"NewField": 1}))
    assert run("validate", "--ignore", "DisplayName", newer)[0] == 0
    assert run("validate", "--ignore", "DisplayName", "--ignore", "Settings", newer)[1] == ["dlc.json: valid"]


def test_ignore_of_a_field_that_no_file_has(file, run):
    good = file("job.json", job())
    text = "job.json: warning: ignore: found 'Tiemout', which is no field of a BatchCompute job; did you mean Timeout?"
    assert run("validate", "--ignore", "Tiemout", good) == (0, [text], [])
    assert run("validate", "--ignore", "DAG.Tasks.count.Timeout", good) == (0, ["job.json: valid"], [])


def test_ignore_does_not_help_a_file_that_is_no_description(file, run):
    assert run("validate", "--ignore", "$", file("list.json", "[]"))[0] == 1
    assert run("validate", "--ignore", "Name", file("job.json", job(Name=None)))[0] == 1
