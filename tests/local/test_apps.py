"""Apps, and jobs that run them, over HTTP: statuses, bodies, programs, restarts."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request as HttpRequest

from airflow_provider_bcs.local.application import perform
from airflow_provider_bcs.local.batchcompute.gateway import BatchComputeGateway
from airflow_provider_bcs.local.batchcompute.verifier import Verifier
from airflow_provider_bcs.local.options import ACCESS_KEY_SECRET
from airflow_provider_bcs.local.request import Request
from airflow_provider_bcs.local.routes import PendingResponse, Response, Route
from tests.batchcompute.apps import app, app_job, command
from tests.batchcompute.jobs import put
from tests.batchcompute.test_rules import json_values

from .service import Service, job, wait_until
from .test_operations import TIME

NOT_FOUND = (404, "InvalidResource.NotFound", "Specified resource is not found.")


def create(service: Service, description: dict[str, Any], token: str = "") -> str:
    response = service.call("POST", f"/apps?IdempotentToken={token}" if token else "/apps", description)
    assert response.status_code == 201, response.text
    assert set(response.json()) == {"Name"}
    return str(response.json()["Name"])


def error(response: Any) -> tuple[int, str, str]:
    return response.status_code, response.json()["Code"], response.json()["Message"]


def stdout(service: Service, job_id: str, number: int = 0) -> str:
    return service.object(f"logs/stdout.{job_id}.App.{number}")


def run(service: Service, name: str, **fields: Any) -> str:
    """Run an app until its job is Finished; return the job id."""
    done = service.run(
        app_job(name, Logging={"StdoutPath": "oss://logs/", "StderrPath": "oss://logs/errors"}, **fields)
    )
    assert done["State"] == "Finished", done["Message"]
    return str(done["Id"])


def test_statuses_and_bodies(service: Service) -> None:
    create(service, app(Name="bodies", Config={"Timeout": {"Default": 60, "Overwritable": False}}), "bodies")
    assert create(service, app(Name="bodies", Config={"Timeout": {"Default": 60, "Overwritable": False}}), "bodies")
    mismatch = service.call("POST", "/apps?IdempotentToken=bodies", app(Name="bodies"))
    assert error(mismatch) == (400, "IdempotentTokenMismatch", "Specified idempotent token mismatch.")
    exists = service.call("POST", "/apps", app(Name="bodies"))
    assert error(exists) == (403, "InvalidResource.AlreadyExisting", "Specified resource already exists.")
    found = service.get("/apps/bodies")
    assert (found["Scope"], found["Revision"], found["Description"]) == ("Private", 0, "")
    assert TIME.fullmatch(found["UpdateTime"])
    assert found["CreationTime"] == found["UpdateTime"]
    assert "CommandLine" not in found
    assert found["InputParameters"]["words"] == {"Description": "", "Type": "String", "LocalPath": "/home/in/words.txt"}
    assert found["Config"]["Timeout"] == {"Default": 60, "Description": "", "Overwritable": False}
    assert found["Config"]["DiskType"] == {"Default": "cloud_efficiency", "Description": "", "Overwritable": True}
    detail = service.get("/apps/bodies?Detail=True")
    assert {name: detail[name] for name in found} == found
    assert (detail["CommandLine"], detail["VM"], detail["Daemonize"]) == ("sort -o ${sorted} ${words}", {}, False)
    assert service.call("PUT", "/apps/bodies", app(Name="bodies", CommandLine="true")).status_code == 200
    assert service.get("/apps/bodies")["CreationTime"] == found["CreationTime"]
    [listed] = [item for item in service.get("/apps?MaxItemCount=100")["Items"] if item["Name"] == "bodies"]
    assert listed == service.get("/apps/bodies?Detail=True")
    assert (listed["CommandLine"], listed["CreationTime"]) == ("true", found["CreationTime"])
    revisions = service.get("/apps/bodies?Revisions=True")
    assert [(item["Revision"], set(item)) for item in revisions] == [(n, {"Revision", "UpdateTime"}) for n in (0, 1)]
    assert service.get("/apps/bodies?Detail=True&Qualifier=0")["CommandLine"] == detail["CommandLine"]
    assert service.call("DELETE", "/apps/bodies?Qualifier=0").status_code == 204
    assert [item["Revision"] for item in service.get("/apps/bodies?Revisions=True")] == [1]
    assert service.call("DELETE", "/apps/bodies").status_code == 204
    for method, target in (
        *(("GET", f"/apps/bodies{query}") for query in ("", "?Detail=True", "?Revisions=True", "?Scope=Public")),
        *(("DELETE", "/apps/bodies"), ("PUT", "/apps/bodies")),
    ):
        assert error(service.call(method, target, app() if method == "PUT" else None)) == NOT_FOUND
    assert error(service.call("POST", "/apps/bodies")) == (
        *(400, "MethodNotAllowed"),
        "The request http method is not supported for this resource.",
    )


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        ("Name", "", "MissingName", "Name is mandatory for this action."),
        ("Name", "a b", "InvalidName", "and must not start with [0-9]."),
        ("CommandLine", "", "MissingCommandLine", "CommandLine is mandatory for this action."),
        ("Docker", {}, "MissingImage", "Image is mandatory for this action."),
        ("VM.ECSImageId", "m-1", "InvalidECSImageId", "Specified parameter ECSImageId is not valid."),
        ("InputParameters.n.Type", "Int", "InvalidType", "Specified parameter Type is not valid."),
        ("Config.Timeout.Default", "1", "InvalidDefault", "Its type must be integer."),
        ("Colour", "red", "InvalidColour", "Specified parameter Colour is not valid."),
    ],
)
def test_a_wrong_app(service: Service, path: str, value: Any, code: str, message: str) -> None:
    status, found, text = error(service.call("POST", "/apps", put(app(Name="wrong"), path, value)))
    assert (status, found) == (400, code)
    assert text.endswith(message)
    assert service.call("GET", "/apps/wrong").status_code == 404


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"AppName": ":picky"}, "InvalidAppName", "There is no such app."),
        ({"AppName": "\ud800"}, "InvalidAppName", "There is no such app."),
        ({"Inputs": {}}, "MissingInputs.file", "Inputs.file is mandatory for this action."),
        ({"Inputs": {"file": "x"}}, "InvalidInputs.file", "must not end with '/' if it is a file."),
        ({"Inputs": {"file": 3}}, "InvalidInputs.file", "Its type must be string."),
        ({"Inputs": {"file": "oss://b/x", "n": "3"}}, "InvalidInputs.n", "Its type must be number."),
        ({"Inputs": {"file": "oss://b/x", "n": ""}}, "MissingInputs.n", "Inputs.n is mandatory for this action."),
        ({"Inputs": {"file": "oss://b/x", "m": 3}}, "InvalidInputs.m", "The app has no such parameter."),
        ({"Outputs": {"file": "oss://b/x"}}, "InvalidOutputs.file", "The app has no such parameter."),
        ({"Config": {"Timeout": 5}}, "InvalidTimeout", "It must be 86400: Overwritable is false in the app."),
        ({"Config": {"InstanceCount": 0}}, "InvalidInstanceCount", "Specified parameter InstanceCount is not valid."),
    ],
)
def test_a_wrong_app_job(service: Service, fields: dict[str, Any], code: str, message: str) -> None:
    if service.call("GET", "/apps/picky").status_code == 404:
        inputs = {"file": {"LocalPath": "/home/in"}, "n": {"Type": "Number", "Default": 1}}
        create(
            service,
            command("true", Name="picky") | {"InputParameters": inputs, "Config": {"Timeout": {"Overwritable": False}}},
        )
    wrong = app_job(**{"name": "picky", "Inputs": {"file": "oss://b/x"}, **fields})
    status, found, text = error(service.call("POST", "/jobs", wrong))
    assert (status, found) == (400, code)
    assert text.endswith(message)


def test_quotas_and_clusters_hold_for_app_jobs(start_service: Callable[..., Service]) -> None:
    service = start_service("--quota", "MaxInstanceTimeout=60", "--cluster-delay", "3600")
    create(service, command("true", Name="long"))
    message = "The MaxInstanceTimeout (60) quota is exhausted."
    assert error(service.call("POST", "/jobs", app_job("long"))) == (
        *(403, "QuotaExhausted.MaxInstanceTimeout"),
        message,
    )
    fields = {"Timeout": 60, "ClusterId": "cls-other"}
    job_id = service.create(app_job("long", Config=fields))
    assert [item["Id"] for item in service.get("/jobs?ClusterId=cls-other")["Items"]] == [job_id]


def test_a_program_and_its_parameters(isolated: Service) -> None:
    create(isolated, app())
    isolated.put_object("in/words.txt", "b\nc\na\n")
    job_id = run(isolated, "sort", Inputs={"words": "oss://in/words.txt"}, Outputs={"sorted": "oss://out/a.txt"})
    assert isolated.object("out/a.txt") == "a\nb\nc\n"
    found = isolated.instance(job_id, "App")
    assert found["Outputs"] == {"sorted": "oss://out/a.txt"}
    assert found["Error"] == {"Code": "", "Message": ""}
    assert found["StderrRedirectPath"] == f"oss://logs/errors/stderr.{job_id}.App.0"
    description = isolated.get(f"/jobs/{job_id}?description")
    assert "DAG" not in description
    assert description["App"]["Config"]["Timeout"] == 86400


def test_folders_and_inputs_that_the_program_changes(isolated: Service) -> None:
    script = 'sh -c "echo 3 >> $parts/one; cat $parts/* $again/* > $all/all.txt"'
    paths = {"parts": {"LocalPath": "/home/parts/"}, "again": {"LocalPath": "/home/again/"}}
    outputs = {"all": {"LocalPath": "/home/all/", "Default": "oss://folders/out/"}}
    create(isolated, app(Name="folders", CommandLine=script, InputParameters=paths, OutputParameters=outputs))
    isolated.put_object("folders/in/one", "1\n")
    isolated.put_object("folders/in/two", "2\n")
    run(isolated, "folders", Inputs={"parts": "oss://folders/in/", "again": "oss://folders/in/"})
    assert isolated.object("folders/out/all.txt") == "1\n3\n2\n1\n2\n"
    assert isolated.object("folders/in/one") == "1\n"


def test_values_are_variables_and_words(service: Service) -> None:
    parameters = {"text": {}, "n": {"Type": "Number", "Default": 3}, "empty": {"Default": ""}}
    program = "import os, sys; print(sys.argv[1:], os.environ['text'], os.environ['A'])"
    line = f'python -c "{program}" ${{text}} n=${{n}} ${{empty}} ${{x}}'
    create(
        service, command(line, Name="words", EnvVars={"A": "b", "text": "the app's"}) | {"InputParameters": parameters}
    )
    job_id = run(service, "words", Inputs={"text": "it's ${n} 'words'"})
    assert stdout(service, job_id) == """["it's ${n} 'words'", 'n=3', '', '${x}'] it's ${n} 'words' b\n"""


def test_config_of_app_and_job(service: Service) -> None:
    config = {"InstanceCount": {"Default": 2}, "MaxRetryCount": {"Default": 1}}
    create(service, command('sh -c "echo $BATCH_COMPUTE_DAG_INSTANCE_ID; exit 3"', Name="counts", Config=config))
    done = service.run(app_job("counts"))
    assert (done["State"], sum(done["InstanceMetrics"].values())) == ("Failed", 2)
    assert "after 1 retries: CommandFailed: The command ended with exit code 3." in done["Message"]
    done = service.run(
        {**app_job("counts", Config={"InstanceCount": 1, "MaxRetryCount": 0}), "JobFailOnInstanceFail": False}
    )
    assert (done["State"], done["InstanceMetrics"]["FailedCount"]) == ("Failed", 1)
    found = service.instance(done["Id"], "App")
    assert (found["RetryCount"], found["Outputs"]) == (0, {})
    assert found["Error"] == {"Code": "CommandFailed", "Message": "The command ended with exit code 3."}
    create(service, command("sleep 60", Name="slow"))
    slow = service.run(app_job("slow", Config={"Timeout": 1}))
    assert "Timeout: The command ran longer than its Timeout of 1 s." in slow["Message"]


def test_a_command_line_that_cannot_be_split_fails(service: Service) -> None:
    create(service, command("echo 'x", Name="unsplit"))
    assert "InvalidCommandLine" in service.run(app_job("unsplit"))["Message"]


def test_jobs_run_the_newest_revision_and_keep_it(service: Service) -> None:
    create(service, command("echo old", Name="revised"))
    old = run(service, "revised")
    assert service.call("PUT", "/apps/revised", command("echo new", Name="revised")).status_code == 200
    assert stdout(service, run(service, "revised")) == "new\n"
    assert service.call("DELETE", "/apps/revised?Qualifier=1").status_code == 204
    assert stdout(service, run(service, "revised")) == "old\n"
    assert service.call("DELETE", "/apps/revised").status_code == 204
    assert error(service.call("POST", "/jobs", app_job("revised")))[1] == "InvalidAppName"
    assert service.state(old) == "Finished"


@pytest.mark.parametrize("name", [":everyone", "Public:everyone"])
def test_a_public_app_by_either_prefix(service: Service, name: str) -> None:
    service.call("POST", "/apps", command("echo hello", Name=":everyone"))
    assert stdout(service, run(service, name)) == "hello\n"


def test_an_app_job_lives_like_any_other(start_service: Callable[..., Service]) -> None:
    service = start_service()
    create(
        service, command('sh -c "test -e /tmp/$flag || sleep 600"', Name="lives") | {"InputParameters": {"flag": {}}}
    )
    job_id = service.create(app_job("lives", Inputs={"flag": "none-of-these"}))
    wait_until(lambda: service.state(job_id) == "Running")
    service.end(signal.SIGKILL)
    service.start()
    assert service.state(job_id) == "Running"
    assert service.call("POST", f"/jobs/{job_id}/stop").status_code == 201
    assert service.state(job_id) == "Stopped"
    assert service.call("POST", f"/jobs/{job_id}/start").status_code == 201
    wait_until(lambda: service.state(job_id) == "Running")
    assert service.call("POST", f"/jobs/{job_id}/stop").status_code == 201
    assert service.call("DELETE", f"/jobs/{job_id}").status_code == 204
    assert service.get("/apps/lives")["Revision"] == 0


def test_sync_answers_how_it_ended(service: Service) -> None:
    create(service, command("sh -c ${script}", Name="sync") | {"InputParameters": {"script": {}}})

    def answer(script: str, **fields: Any) -> requests.Response:
        return service.call("POST", "/jobs?sync", {**app_job("sync", Inputs={"script": script}), **fields})

    response = answer("true", AutoRelease=True)
    done = response.json()
    assert response.status_code == 201
    assert set(done) == {"RequestId", "StartTime", "EndTime", "Outputs", "Error"}
    assert done["RequestId"] == response.headers["x-acs-request-id"]
    assert done["Error"] == {"Code": "", "Message": ""}
    assert TIME.fullmatch(done["StartTime"])
    assert done["StartTime"] < done["EndTime"]
    failed = answer("exit 3").json()["Error"]
    assert failed["Code"] == "JobFailed"
    assert failed["Message"].endswith("CommandFailed: The command ended with exit code 3.")
    assert error(service.call("POST", "/jobs?sync", job("true"))) == (
        *(400, "Invalidsync"),
        "Specified parameter sync is not valid. It is for jobs of Type App.",
    )


def test_sync_by_the_same_token_waits_for_the_same_job(service: Service) -> None:
    create(service, command("sleep 600", Name="shared"))
    target, body = "/jobs?IdempotentToken=shared&sync", app_job("shared")
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(Service.call, service, "POST", target, body) for _ in range(2)]
        wait_until(lambda: bool(_named(service, "shared")))
        (job_id,) = _named(service, "shared")
        assert service.call("POST", f"/jobs/{job_id}/stop").status_code == 201
        stopped = {"Code": "JobStopped", "Message": f"{job_id} is Stopped."}
        assert [answer.result(60).json()["Error"] for answer in answers] == [stopped, stopped]
    assert service.call("POST", target, body).json()["Error"] == stopped


def _named(service: Service, name: str) -> list[str]:
    ids = [item["Id"] for item in service.get("/jobs?State=Running")["Items"]]
    return [i for i in ids if service.get(f"/jobs/{i}?description").get("App", {}).get("AppName") == name]


def test_nobody_waits_when_the_service_ends(start_service: Callable[..., Service]) -> None:
    service = start_service()
    create(service, command("sleep 600", Name="endless"))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(service.call, "POST", "/jobs?sync", app_job("endless"))
        wait_until(lambda: bool(_named(service, "endless")))
        assert service.end() == 0
        with pytest.raises(requests.RequestException):
            answer.result(60).raise_for_status()


def test_an_answer_that_comes_too_late() -> None:
    late: Future[Response] = Future()
    route = Route(
        "batchcompute.CreateJob", "POST", "/jobs", lambda _: PendingResponse(late, 0.01, Response(201, {"a": 1}))
    )
    gateway = BatchComputeGateway([route], Verifier("local", ACCESS_KEY_SECRET))
    response = asyncio.run(perform(gateway, route, Request("POST", {}, [], {}), HttpRequest({"type": "http"})))
    assert (response.status_code, json.loads(bytes(response.body))) == (201, {"a": 1})
    # The future is cancelled: a later response has no recipient.
    assert not late.set_running_or_notify_cancel()


@settings(max_examples=60)
@given(
    st.sampled_from(["", "Name", "CommandLine", "VM", "InputParameters", "InputParameters.words", "Config.Timeout"]),
    st.sampled_from(["App", "App.AppName", "App.Inputs", "App.Inputs.words", "App.Config", "App.Logging"]),
    json_values,
)
def test_no_body_makes_the_service_fail(service: Service, path: str, of_job: str, value: Any) -> None:
    service.call("POST", "/apps", app(Name="fuzzed"))
    change = put(app(Name="fuzzed"), path, value) if path else value
    assert service.call("PUT", "/apps/fuzzed", change).status_code in (200, 400)
    parameters = {"Inputs": {"words": "oss://b/none"}, "Outputs": {"sorted": "oss://b/x"}}
    for body in (app_job("fuzzed", **parameters), put(app_job("fuzzed", **parameters), of_job, value)):
        answer = service.call("POST", "/jobs", body)
        assert answer.status_code in (201, 400, 403), answer.text
        if answer.status_code == 201:
            assert service.wait(answer.json()["Id"])["State"] in ("Failed", "Finished")
    service.call("DELETE", "/apps/fuzzed")


def test_names_of_public_apps_have_no_prefix(service: Service) -> None:
    for name in (":plain", "Public:long"):
        assert create(service, command("true", Name=name)) == name
    listed = {item["Name"]: item["Scope"] for item in service.get("/apps?Scope=Public&MaxItemCount=100")["Items"]}
    assert (listed["plain"], listed["long"]) == ("Public", "Public")
    for target in ("/apps/plain?Scope=Public", "/apps/:plain", "/apps/:plain?Detail=True"):
        assert service.get(target)["Name"] == "plain"
    assert [item["Name"] for item in service.get("/apps?Scope=Public&Marker=long&MaxItemCount=1")["Items"]] == ["plain"]
