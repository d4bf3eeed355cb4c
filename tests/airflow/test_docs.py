"""What the pages in docs/ tell a newcomer to write works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_bcs.cli import main
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.translator import PaiDlc, job_to_dag
from tests.airflow.running import BASH, dag_bag, due_runs, leveled, run_dag, states
from tests.batchcompute.jobs import job, task
from tests.batchcompute.legacy_jobs import v1_job

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


def pattern(shown: str) -> str:
    """Return a regular expression for a line of a log on a page: ids, times and what is left out differ."""
    text = re.escape(shown).replace(re.escape("..."), ".*")
    for differs, found in {
        re.escape("dlc0a1b2c3d4e5f6"): r"dlc\w{13}",
        re.escape("job-0123456789ABCDEF0123456789ABCDEF"): r"job-[0-9A-F]{32}",
        re.escape("2026-01-02 03:04:05"): r"[-\d]+ [:\d]+",
        re.escape("waited 1 s and ran 2 s"): r"waited \d+ s and ran \d+ s",
    }.items():
        text = text.replace(differs, found)
    return text


def for_local_service(code: str, url: str) -> str:
    """Return the code with a client of the local service."""
    made = f'client = Client("{url}", "local", "{ACCESS_KEY_SECRET}")'
    code, number = re.subn(r"^client = Client\(.*?\)(?=  #|$)", made, code, flags=re.DOTALL | re.MULTILINE)
    assert number == 1, "a block that makes no client, or two, may call the cloud"
    return code


@pytest.mark.usefixtures("airflow_db", "connection")
def test_the_first_graph(tmp_path, service, capsys):
    (tmp_path / "greet.json").write_text(blocks("first-graph.md", "json")[0])
    (tmp_path / "greet.py").write_text(blocks("first-graph.md", "python")[0])
    assert main(["validate", str(tmp_path / "greet.json")]) == 0
    assert capsys.readouterr().out.endswith("greet.json: valid\n")
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    assert states(run_dag(bag.dags["greet"])) == {"hello": "success", "world": "success", "both": "success"}
    assert (service.data_dir / "oss" / "greet" / "greeting.txt").read_text() == "hello\nworld\n"


@pytest.mark.usefixtures("airflow_db")
def test_the_first_example_of_job_files_does_not_catch_up(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "nightly.json").write_text(blocks("first-graph.md", "json")[0])
    code = blocks("job-files.md", "python")[0]
    for name, text in {"stated": code, "default": code.replace(", catchup=False", "")}.items():
        (tmp_path / f"{name}.py").write_text(text.replace('"nightly"', f'"{name}"'))
    (tmp_path / "catchup.py").write_text(code.replace('"nightly"', '"catchup"').replace("=False", "=True"))
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    assert [due_runs(bag.dags[name]) for name in ("stated", "default")] == [1, 1]
    assert due_runs(bag.dags["catchup"]) > 700


@pytest.mark.usefixtures("airflow_db")
def test_an_execution_of_ones_own(tmp_path):
    (tmp_path / "greet.json").write_text(blocks("first-graph.md", "json")[0])
    (tmp_path / "greet_dry_run.py").write_text(
        blocks("job-files.md", "python")[-1].replace("airflow.providers.standard.operators.bash", BASH)
    )
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    found = run_dag(bag.dags["greet_dry_run"])
    assert states(found) == dict.fromkeys(("hello", "world", "both"), "success")
    tasks = json.loads(blocks("first-graph.md", "json")[0])["DAG"]["Tasks"]
    # BashOperator returns the last line that the command prints.
    assert {ti.task_id: ti.xcom_pull(task_ids=ti.task_id) for ti in found.get_task_instances()} == {
        name: f"would run: {each['Parameters']['Command']['CommandLine']}" for name, each in tasks.items()
    }
    assert {task.retries for task in bag.dags["greet_dry_run"].tasks} == {1}


@pytest.mark.usefixtures("airflow_db", "connection")
def test_the_first_training(tmp_path, dlc, capsys, caplog):
    (tmp_path / "hello_training.yaml").write_text(blocks("train.md", "yaml")[0])
    (tmp_path / "hello_training.py").write_text(blocks("train.md", "python")[0])
    assert main(["validate", str(tmp_path / "hello_training.yaml")]) == 0
    assert capsys.readouterr().out.endswith("hello_training.yaml: valid\n")
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    capsys.readouterr()
    caplog.set_level("INFO")
    found = run_dag(bag.dags["hello_training"])
    assert states(found) == {"train": "success"}
    lines = [text for _, text in leveled(caplog, capsys.readouterr().out)]
    (shown,) = blocks("train.md", "text")
    for line in shown.splitlines():
        assert any(re.fullmatch(pattern(line), text) for text in lines), (line, lines)
    (ti,) = found.get_task_instances()
    job = dlc.get_job(ti.xcom_pull(task_ids="train", key="job_id"))
    (line,) = dlc.get_pod_logs(job, job.Pods[1].PodId).Logs
    assert re.search(r" hello from \S+, rank 1 of 2, master at ", line)


@pytest.mark.parametrize(("block", "end"), [(0, "true"), (1, "sh -c 'echo out of cheese >&2; sleep 1; exit 3'")])
@pytest.mark.usefixtures("airflow_db", "connection")
def test_the_log_on_the_submit_page(capsys, caplog, block, end):
    code = f'test "$BATCH_COMPUTE_DAG_INSTANCE_ID" != 1 || {end}'
    count = task(
        f"sh -c {shlex.quote(code)}", InstanceCount=2, OutputMapping={"/home/out/": "oss://my-bucket/nightly/out/"}
    )
    count["Parameters"] |= dict.fromkeys(("StdoutRedirectPath", "StderrRedirectPath"), "oss://my-bucket/nightly/logs/")
    with DAG("submit_page", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
        BatchComputeSubmitJobOperator(task_id="t", job=job({"count": count}, Name="nightly"), poll_interval=0.2)
    caplog.set_level("INFO")
    run_dag(dag)
    lines = [f"{level.upper()} - {text}" for level, text in leveled(caplog, capsys.readouterr().out)]
    places = [
        next((at for at, text in enumerate(lines) if re.fullmatch(pattern(line), text)), line)
        for line in blocks("submit.md", "text")[block].splitlines()
    ]
    assert all(isinstance(place, int) for place in places), (places, lines)
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("block", "output"),
    [
        (0, r"job-[0-9A-F]{32} (Waiting|Running|Finished)\n"),
        (1, r"dlc\w{13} (Creating|Queuing|EnvPreparing|Running|Succ)"),
    ],
)
def test_the_client_page(service, capsys, block, output):
    code = blocks("client.md", "python")[block]
    exec(compile(for_local_service(code, service.url), "client.md", "exec"), {})
    assert re.match(output, capsys.readouterr().out)


def test_the_client_of_temporary_keys():
    names: dict[str, Any] = {}
    exec(compile(blocks("client.md", "python")[2], "client.md", "exec"), names)
    assert names["client"].endpoint == "https://batchcompute.cn-shanghai.aliyuncs.com"


def test_the_validate_page(tmp_path, monkeypatch, capsys):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "good.json").write_text(json.dumps(job({"a": task("true")})))
    bad = job({"a": task("true"), "b": task("true"), "count": task("true", Tiemout=1)}, {"b": ["a"], "a": ["b"]})
    places = {"Tiemout": 12, "Dependencies": 21}
    text = json.dumps(bad)
    for name, line in places.items():
        text = text.replace(f'"{name}"', "\n" * (line - 1 - text.partition(f'"{name}"')[0].count("\n")) + f'"{name}"')
    (tmp_path / "jobs" / "bad.json").write_text(text)
    monkeypatch.chdir(tmp_path)
    ((_, *shown),) = (block.splitlines() for block in blocks("validate.md", "console"))
    assert main(["validate", "jobs/good.json", "jobs/bad.json"]) == 1
    assert capsys.readouterr().out.splitlines() == shown
    (python,) = blocks("validate.md", "python")
    exec(compile(python, "validate.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == len(places)
    code = "from airflow_provider_bcs.translator import job_to_dag\n\n"
    (tmp_path / "nightly.py").write_text(code + 'dag = job_to_dag("jobs/bad.json")\n')
    (error,) = dag_bag(tmp_path).import_errors.values()
    # Python before 3.11 does not mark the expression.
    told = [line for line in error.splitlines() if set(line) - {" ", "^"}]
    (shown_error,) = (block.splitlines() for block in blocks("validate.md", "text"))
    assert told[-len(shown_error) :] == [line.replace("/opt/airflow/dags", str(tmp_path)) for line in shown_error]


def test_the_translate_page(tmp_path, monkeypatch, capfd):
    examples = DOCS.parent / "example_dags"
    for name in ("jobs", "dags"):
        (tmp_path / name).mkdir()
    (tmp_path / "example_dags").symlink_to(examples)
    (tmp_path / "jobs" / "nightly.json").write_text((examples / "diamond.json").read_text())
    (tmp_path / "old.json").write_text(json.dumps(v1_job()))
    (tmp_path / "types.json").write_text('{"ecs.c7.8xlarge": [32, 65536]}')
    monkeypatch.chdir(tmp_path)
    for block in blocks("translate.md", "console"):
        command, *shown = block.splitlines()
        assert main(command.split()[2:]) == 0
        printed = capfd.readouterr()
        if "types.json" in command:
            assert '"InstanceType": "ecs.c7.8xlarge"' in printed.out
        else:
            assert (printed.out + printed.err).splitlines() == shown
    assert set(dag_bag(tmp_path / "dags").dags) == {"diamond"}
    (python,) = blocks("translate.md", "python")
    exec(compile(python, "translate.md", "exec"), {})
    assert capfd.readouterr().out.endswith("python hello.py\n")


@pytest.mark.parametrize("block", blocks("airflow-features.md", "python"))
def test_the_features_page_shows_what_the_examples_do(block):
    """And those are run: see test_examples.py."""
    examples = ["".join(map(str.lstrip, path.open())) for path in (DOCS.parent / "example_dags").glob("*.py")]
    assert any("".join(map(str.lstrip, block.splitlines(keepends=True))) in code for code in examples)


def test_every_page_is_linked_and_every_link_leads_somewhere():
    readme = (DOCS.parent / "README.md").read_text()
    assert {page.name for page in DOCS.glob("*.md")} <= set(re.findall(r"docs/([\w-]+\.md)", readme))
    for page in [DOCS.parent / "README.md", *DOCS.glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_to_a_heading_leads_to_one():
    for page in [DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            assert anchor in anchors(page.parent / link if link else page), (page.name, link, anchor)


SCAFFOLD = """
from datetime import datetime
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator
from airflow_provider_bcs.translator import BatchComputeTaskGroup, PaiDlc, job_to_dag
from tests.airflow.running import Nothing
prepare, report, look_at_the_count = (Nothing(task_id=name) for name in ("prepare", "report", "look"))
TASK = {"Parameters": {"Command": {"CommandLine": "true"}}, "InstanceCount": 1, "ClusterId": "cls-1"}
SPLIT = FIND = MERGE = TASK
"""
IN_A_DAG = """
with DAG("page", schedule=None, start_date=datetime(2024, 1, 1)) as page:
    group = BatchComputeTaskGroup("group", "jobs/nightly.json")
"""


@pytest.mark.parametrize(
    ("page", "block", "dag_id", "task_ids"),
    [
        ("job-files.md", 1, "pipeline", {"prepare", "report", "look", "nightly.count", "nightly.show"}),
        ("job-files.md", 2, "nightly-job", {"count", "show"}),
        ("job-files.md", 3, "nightly-job", {"count", "show"}),
        ("many-waits.md", 0, None, {"nightly"}),
        ("one-job.md", 0, "find-primes", {"submit", "split", "find", "merge", "stop"}),
        ("one-job.md", 1, None, {f"primes.{name}" for name in ("submit", "split", "find", "merge", "stop")}),
        ("one-job.md", 2, None, set()),
        ("run-on-dlc.md", 0, "find-primes", {"split", "find", "merge"}),
        ("run-on-dlc.md", 2, None, {"count"}),
        ("sensors.md", 0, None, {"whole", "count", "first"}),
        ("sensors.md", 1, None, {"trained", "first"}),
        ("submit.md", 0, None, {"nightly"}),
        ("submit.md", 1, "parts", {"parts"}),
        ("submit.md", 2, None, {"nightly"}),
    ],
)
@pytest.mark.usefixtures("airflow_db")
def test_the_code_of_a_page_makes_a_graph(tmp_path, page, block, dag_id, task_ids):
    """With a DAG around it where the page shows operators alone."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    machine = {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"}
    tasks = {name: task("true", ClusterId="", AutoCluster=machine) for name in ("count", "show")}
    (jobs / "nightly.json").write_text(json.dumps(job(tasks, {"count": ["show"]}, Name="nightly-job")))
    (jobs / "count.json").write_text(json.dumps(job({"count": tasks["count"]}, Name="count")))
    (tmp_path / "find_primes.json").write_text((DOCS.parent / "example_dags" / "find_primes.json").read_text())
    code = blocks(page, "python")[block]
    code = code if dag_id else IN_A_DAG + textwrap.indent(code, "    ")
    (tmp_path / "page.py").write_text(SCAFFOLD + code)
    bag = dag_bag(tmp_path)
    assert bag.import_errors == {}
    (dag,) = bag.dags.values()
    assert dag.dag_id == (dag_id or "page")
    assert set(dag.task_ids) - {"group.count", "group.show"} == task_ids


@pytest.mark.usefixtures("airflow_db")
def test_the_error_of_an_argument_that_is_not_there():
    content = job({"count": task("true")}, Name="nightly")
    with pytest.raises(ValueError, match="retires") as caught:
        job_to_dag(content, operator_args={"retires": 2})
    assert f"{caught.value}\n" in blocks("job-files.md", "text")


def test_the_error_of_a_field_that_is_not_carried_over():
    machine = {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large", "UserData": {"key": "value"}}
    content = job({"count": task("true", ClusterId="", AutoCluster=machine)}, Name="nightly")
    with pytest.raises(ValueError, match="NotCarriedOver") as caught:
        job_to_dag(content, execution=PaiDlc(images={"img-ubuntu": "python:3.11-slim"}))
    (shown,) = blocks("run-on-dlc.md", "text")
    assert shown.strip() in str(caught.value)


def test_the_app(service, client):
    description, job = map(json.loads, blocks("local-service-reference.md", "json"))
    client.create_app(description)
    service.put_object("demo/words.txt", "two\none\n")
    assert client.create_job(job, sync=True).Outputs == {"sorted": "oss://demo/sorted.txt"}
    assert service.object("demo/sorted.txt") == "one\ntwo\n"


def test_the_object_store(service):
    program = blocks("local-service.md", "python")[0].replace("http://127.0.0.1:8643", service.ready["oss"])
    exec(program, {})
    assert service.object("my-bucket/in/words.txt") == "one two"


def test_the_links_to_pages_of_jobs(service, client, capsys):
    submitted = client.create_job(job({"a": task("true")}))
    code = for_local_service(blocks("local-service.md", "python")[1], service.url)
    exec(compile(code, "local-service.md", "exec"), {})
    (url,) = [each for each in capsys.readouterr().out.split() if submitted.Id in each]
    assert submitted.Id in requests.get(url, timeout=10).text
