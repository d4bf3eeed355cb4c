"""What an author sees of a bad job file: one clear message, in Airflow's import errors and from the command."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.cli import main
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_cluster import BatchComputeCreateClusterOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from tests.airflow.running import dag_bag, output, run_dag, states
from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import v1_job


def new_dag(name, **kwargs):
    return DAG(name, start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), schedule=None, **kwargs)


BAD = {
    "not_json": ("{'Name': 1}", 'not_json.json:1: is not JSON: found "\'"; expected a double quote'),
    "empty": ("", "empty.json: is empty."),
    "misspelt": (json.dumps(job({"a": task(Tiemout=3)})), "DAG.Tasks.a.Tiemout: InvalidTiemout: "),
    "cycle": (
        json.dumps(job({"a": task(), "b": task()}, {"a": ["b"], "b": ["a"]})),
        "DAG.Dependencies: BadDAG: It is a cyclic dag. Found the cycle ",
    ),
    "huge": (None, "huge.json: found 100.0 MiB; expected at most 16 MiB."),
}


@pytest.fixture(params=BAD)
def bad(request, tmp_path):
    content, says = BAD[request.param]
    file = tmp_path / f"{request.param}.json"
    if content is None:
        with file.open("wb") as handle:
            handle.truncate(100 * 1024 * 1024)
    else:
        file.write_text(content)
    return file, says


DAG_FILES = {
    "dag": "from airflow_provider_bcs.translator import job_to_dag\ndag = job_to_dag('{file}', dag_id='d')\n",
    "group": (
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.translator import BatchComputeTaskGroup\n"
        "with DAG('d', schedule=None) as dag:\n    BatchComputeTaskGroup('g', '{file}')\n"
    ),
    "operator": (
        "from datetime import datetime\n"
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator\n"
        "with DAG('d', schedule=None, start_date=datetime(2024, 1, 1)) as dag:\n"
        "    BatchComputeSubmitJobOperator(task_id='t', job='{file}')\n"
    ),
}


@pytest.mark.parametrize("kind", DAG_FILES)
def test_in_airflows_import_errors(bad, tmp_path, kind):
    file, says = bad
    (tmp_path / "dags.py").write_text(DAG_FILES[kind].format(file=file.name))
    (error,) = dag_bag(tmp_path).import_errors.values()
    assert says in error
    *trace, told = error.strip().splitlines()
    assert re.match(rf"[\w.]+Error: (\S*/)?{re.escape(file.name)}:(\d+:)? ", told)
    # An error of a file that Airflow reads after the DAG file has no traceback.
    assert bool(trace) == (kind != "operator")
    assert "airflow_provider_bcs" not in "".join(trace)
    assert not trace or f"{tmp_path}/dags.py" in "".join(trace[-4:])


def test_the_import_error_is_what_the_command_says(bad, tmp_path, capsys):
    file, _ = bad
    main(["validate", str(file)])
    said = capsys.readouterr().out
    (tmp_path / "dags.py").write_text(DAG_FILES["dag"].format(file=file.name))
    (error,) = dag_bag(tmp_path).import_errors.values()
    assert error.endswith(f"Error: {said}")


def test_from_the_command(bad, capsys):
    file, says = bad
    assert main(["validate", str(file)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert re.match(rf"{re.escape(str(file))}:(\d+:)? ", line)
    assert says in line


@pytest.mark.parametrize("execution", ["SingleJob()", "SingleJob(cluster='cluster.json')"])
def test_an_error_of_a_collected_job_has_its_line(tmp_path, execution):
    cluster = {"Name": "c", "ImageId": "img-ubuntu", "Groups": {"g": {"DesiredVMCount": 1, "InstanceType": "ecs.x"}}}
    (tmp_path / "cluster.json").write_text(json.dumps(cluster))
    (tmp_path / "many.json").write_text(json.dumps(job({f"t{n}": task() for n in range(17)}), indent=1))
    (tmp_path / "dags.py").write_text(
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.translator import SingleJob, job_to_dag\n"
        f"dag = job_to_dag('many.json', execution={execution})\n"
    )
    (error,) = dag_bag(tmp_path).import_errors.values()
    line = 1 + (tmp_path / "many.json").read_text().partition('"Tasks"')[0].count("\n")
    assert f"InvalidJobError: {tmp_path / 'many.json'}:{line}: DAG.Tasks: InvalidTasks: " in error


#: Calls that break a rule -> the beginning of the error, and the line of the DAG file that it ends at.
CALLS = {
    "file": ("job_to_dag('job.json')", r"\S+job.json:3: Priority: .*\n\S+job.json:{tiemout}: DAG.Tasks.a.Tiemout: "),
    "helper": ("make()", r"\S+job.json:3: Priority: "),
    "dict": ("BatchComputeSubmitJobOperator(task_id='t', job={'Name': 'x'})", "The job of task t has 2 errors:\n"),
    "argument": ("job_to_dag('good.json', operator_args={'retires': 2})", "operator_args: found 'retires'"),
    "conversion": ("job_to_dag('good.json', execution=PaiDlc())", r"\S+good.json:\d+: DAG.Tasks.a.ClusterId: "),
    "first api": ("job_to_dag('v1.json')", r"\S+v1.json:4: Priority: "),
    # The lines of the job's file would be wrong.
    "cluster": (
        "job_to_dag('good.json', execution=JobPerTask(cluster={'Name': 'c', 'ImageId': 'img-ubuntu'}))",
        r"The cluster of task create_cluster has 1 error:\n",
    ),
    "app": ("job_to_dag('app.json')", r"Type of \S+app.json: found 'App'; expected 'DAG'"),
    "class": (
        "job_to_dag('good.json', execution=PaiDlc)",
        "execution: found <class '.*'>; expected an object such as ",
    ),
    "of an execution": ("job_to_dag('good.json', cluster={})", "Found the argument cluster; expected execution="),
    "no dict": ("job_to_dag('good.json', operator_args=['retries'])", r"operator_args: found \['retries'\]; expected"),
    "text": ("job_to_dag('good.json', ignore='Timeout')", "ignore: found the text 'Timeout'; expected a list"),
    "text of PaiDlc": (
        "job_to_dag('good.json', execution=PaiDlc(ignore='Timeout'))",
        "ignore: found the text 'Timeout'; expected a list",
    ),
    "no file": ("job_to_dag('none.json')", "There is no job file none.json in "),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_import_error_ends_at_the_line_of_the_dag_file(tmp_path, call):
    code, says = CALLS[call]
    bad = job({"a": task(Tiemout=3)}, Priority=1001)
    order = {"Name": 0, "Priority": 0, **bad}
    text = json.dumps(order, indent=1)
    says = says.replace("{tiemout}", str(1 + text.partition("Tiemout")[0].count("\n")))
    (tmp_path / "job.json").write_text(text)
    (tmp_path / "good.json").write_text(json.dumps(job({"a": task()}), indent=1))
    app = {"Name": "x", "Type": "App", "App": {"AppName": "sort"}}
    (tmp_path / "app.json").write_text(json.dumps(app))
    (tmp_path / "v1.json").write_text(json.dumps({"JobName": "x", "JobTag": "", **v1_job(), "Priority": -1}, indent=1))
    (tmp_path / "dags.py").write_text(
        "from airflow.providers.common.compat.sdk import DAG\n"
        "from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator\n"
        "from airflow_provider_bcs.translator import JobPerTask, PaiDlc, job_to_dag\n"
        f"def make():\n    return job_to_dag('job.json')\ndag = {code}\n"
    )
    (error,) = dag_bag(tmp_path).import_errors.values()
    trace, told = re.split(
        r"^(?:airflow_provider_bcs.exceptions\.)?(?=\w+Error: )", error, maxsplit=1, flags=re.MULTILINE
    )
    assert re.match(rf"\w+Error: {says}", told)
    assert trace.startswith("Traceback (most recent call last):\n")
    assert "airflow_provider_bcs" not in trace
    files = re.findall(r'File "([^"]+)", line (\d+)', trace)
    dags = str(tmp_path / "dags.py")
    assert files[-1] == (dags, "5" if call == "helper" else "6")
    assert len(files) == 2


LATE = {
    "comma": ('{"Name": "{{ params.name }}", }', "late.json as rendered is not JSON: found a comma too many"),
    "python": ('{"Priority": {{ params.nothing }}}', "late.json as rendered is not JSON: found None; expected null"),
    "token": ('{"Priority": {{ params.name }}}', "is not JSON: Expecting value, found 'x' at line 1 column 14."),
    "end": ('{"Name": "{{ params.name }}"', "is not JSON: Expecting ',' delimiter, found the end of the text at line"),
    "array": ("[{{ params.name }}]", "late.json as rendered: found an array; expected an object."),
    "empty": ("{{ '' }}", "late.json as rendered: found ''; expected an object."),
    "blank": ("{{ ' ' }}", "late.json as rendered is empty."),
    "yaml": (
        "Name: {{ params.name }}\n  Type: DAG",
        "late.yaml as rendered is not YAML: mapping values are not allowed",
    ),
}


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize(
    ("kind", "native"),
    # These two texts are Python literals, which Airflow's option reads.
    [(kind, native) for kind in LATE for native in (False, True) if not native or kind not in ("comma", "python")],
)
def test_a_rendered_file_that_is_no_description_is_not_retried(kind, native, tmp_path, caplog, capfd):
    content, says = LATE[kind]
    file = f"late.{'yaml' if kind == 'yaml' else 'json'}"
    (tmp_path / file).write_text(content)
    options = {"template_searchpath": [str(tmp_path)], "params": {"name": "x", "nothing": None}}
    with new_dag(f"late_{kind}_{native}", render_template_as_native_obj=native, **options) as dag:
        if kind == "array":
            # Flow style, which only YAML can be.
            (tmp_path / file).write_text(content.replace("{{ params.name }}", "{{ params.name }}, 1"))
        BatchComputeSubmitJobOperator(task_id="submit", job=file, retries=3)
    assert states(run_dag(dag)) == {"submit": "failed"}
    assert says in output(caplog, capfd)


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("operator", ["batchcompute", "dlc", "on_dlc", "cluster"])
def test_a_template_that_renders_to_no_description_is_not_retried(operator, native, caplog, capfd):
    text = "{{ params.nothing }}"
    options = {"params": {"nothing": None}, "render_template_as_native_obj": native}
    with new_dag(f"late_{operator}_{native}", **options) as dag:
        if operator == "cluster":
            BatchComputeCreateClusterOperator(task_id="submit", cluster=text, retries=3)
        elif operator == "dlc":
            DlcSubmitJobOperator(task_id="submit", job=text, retries=3)
        else:
            kind = BatchComputeSubmitJobOperator if operator == "batchcompute" else BatchComputeTaskOnDlcOperator
            kind(task_id="submit", job=text, retries=3)
    assert states(run_dag(dag)) == {"submit": "failed"}
    described = "cluster" if operator == "cluster" else "job"
    expected = (
        f"The rendered {described} of task submit ({text}): found {'None' if native else repr('None')}; expected an"
    )
    assert expected in output(caplog, capfd)


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("native", [False, True])
def test_the_error_names_the_included_file(native, tmp_path, caplog, capfd):
    (tmp_path / "july.json").write_text("{'Name': None}" if not native else '{"Name": null')
    text = "{% include 'july.json' %}"
    options = {"template_searchpath": [str(tmp_path)], "render_template_as_native_obj": native}
    with new_dag(f"included_{native}", **options) as dag:
        BatchComputeSubmitJobOperator(task_id="submit", job=text, retries=3)
    assert states(run_dag(dag)) == {"submit": "failed"}
    says = "Expecting" if native else 'found "\'"; expected a double quote'
    assert f"The rendered job of task submit ({text}) is not JSON: {says}" in output(caplog, capfd)


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("kind", ["not_json", "misspelt"])
def test_a_bad_file_of_a_mapped_task_is_not_retried(kind, tmp_path, caplog, capfd):
    content, says = BAD[kind]
    (tmp_path / f"{kind}.json").write_text(content)
    with new_dag(f"mapped_{kind}", template_searchpath=[str(tmp_path)]) as dag:
        BatchComputeSubmitJobOperator.partial(task_id="submit", retries=3).expand(job=[f"{kind}.json"])
    assert states(run_dag(dag)) == {"submit": "failed"}
    assert says in output(caplog, capfd)


#: Operator, its arguments besides the description, a description that breaks a rule, and what the error says.
MAPPED = {
    "batchcompute": (BatchComputeSubmitJobOperator, "job", {"Name": "x"}, "Type: MissingType: "),
    "text": (BatchComputeSubmitJobOperator, "job", "{", "The job of task submit is not JSON: Expecting property name"),
    "dlc": (DlcSubmitJobOperator, "job", {"DisplayName": "x"}, "JobType: "),
    "on_dlc": (BatchComputeTaskOnDlcOperator, "job", job({"a": task()}), "DAG.Tasks.a.AutoCluster.InstanceType: "),
    "two": (BatchComputeTaskOnDlcOperator, "job", job({"a": task(), "b": task()}), "DAG.Tasks: NotCarriedOver: "),
    "cluster": (BatchComputeCreateClusterOperator, "cluster", {"Name": "x"}, "Groups: "),
}


@pytest.mark.usefixtures("airflow_db", "connection")
@pytest.mark.parametrize("kind", MAPPED)
def test_a_bad_description_of_a_mapped_task_is_not_retried(kind, caplog, capfd):
    operator, field, description, says = MAPPED[kind]
    with new_dag(f"mapped_bad_{kind}") as dag:
        operator.partial(task_id="submit", retries=3).expand(**{field: [description]})
    run = run_dag(dag)
    assert states(run) == {"submit": "failed"}
    assert [ti.try_number for ti in run.get_task_instances()] == [1]
    written = output(caplog, capfd)
    assert says in written
    assert "RenderedJobError" in written


@pytest.mark.usefixtures("airflow_db", "connection")
def test_a_job_of_two_tasks_from_a_template_is_not_retried(caplog, capfd):
    text = "{{ params.job | tojson }}"
    with new_dag("two_tasks", params={"job": job({"a": task(), "b": task()})}) as dag:
        BatchComputeTaskOnDlcOperator(task_id="submit", job=text, retries=3)
    run = run_dag(dag)
    assert [(ti.state, ti.try_number) for ti in run.get_task_instances()] == [("failed", 1)]
    assert "DAG.Tasks: NotCarriedOver: One task becomes one program. Found 2" in output(caplog, capfd)
