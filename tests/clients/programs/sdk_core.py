"""PAI-DLC and BatchCompute by the common requests of aliyun-python-sdk-core, which names neither of them."""

import json
import os
import time
import unittest
import uuid

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

LOCAL = json.loads(os.environ["LOCAL"])
KEY = LOCAL["access_key_id"], LOCAL["access_key_secret"]
ADDRESS = LOCAL["dlc"].partition("//")[2]


class Client:
    """Requests to one API."""

    def __init__(self, version, *, client=None):
        self.client = client or AcsClient(*KEY, "cn-hangzhou")
        self.version = version

    def call(self, method, path, body=None, **query):
        request = CommonRequest(domain=ADDRESS, version=self.version, uri_pattern=path)
        request.set_protocol_type("http")
        request.set_method(method)
        request.set_accept_format("json")
        for name, value in query.items():
            request.add_query_param(name, value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.set_content(json.dumps(body).encode())
        text = self.client.do_action_with_exception(request)
        return json.loads(text) if text else None

    def wait(self, path, field, *wanted):
        deadline = time.monotonic() + 60
        while (found := self.call("GET", path))[field] not in wanted:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found


class Dlc(unittest.TestCase):
    def setUp(self):
        self.dlc = Client("2020-12-03")
        self.name = f"core-{uuid.uuid4().hex}"

    def create(self, command):
        spec = {"Type": "Worker", "Image": "python:3.11", "PodCount": 1, "EcsSpec": "ecs.g6.large"}
        job = {"DisplayName": self.name, "JobType": "TFJob", "JobSpecs": [spec], "UserCommand": command}
        return self.dlc.call("POST", "/api/v1/jobs", job)["JobId"]

    def test_a_job(self):
        job_id = self.create("echo 'hello 日'")
        [pod] = self.dlc.wait(f"/api/v1/jobs/{job_id}", "Status", "Succeeded")["Pods"]
        logs = self.dlc.call("GET", f"/api/v1/jobs/{job_id}/pods/{pod['PodId']}/logs", MaxLines=10)["Logs"]
        self.assertIn("hello 日", logs[0])
        found = self.dlc.call("GET", "/api/v1/jobs", DisplayName=self.name, SortBy="GmtCreateTime", PageSize=5)
        self.assertEqual([job["JobId"] for job in found["Jobs"]], [job_id])
        self.dlc.call("DELETE", f"/api/v1/jobs/{job_id}")
        self.assertEqual(self.dlc.call("GET", "/api/v1/jobs", DisplayName=self.name)["TotalCount"], 0)

    def test_stop(self):
        job_id = self.create("sleep 60")
        self.dlc.wait(f"/api/v1/jobs/{job_id}", "Status", "Running")
        self.dlc.call("POST", f"/api/v1/jobs/{job_id}/stop")
        self.dlc.wait(f"/api/v1/jobs/{job_id}", "Status", "Stopped")

    def test_a_query_with_spaces_and_signs(self):
        self.assertEqual(self.dlc.call("GET", "/api/v1/jobs", DisplayName="a b+c&d=日/*~")["TotalCount"], 0)

    def test_errors(self):
        with self.assertRaises(ServerException) as raised:
            self.dlc.call("GET", "/api/v1/jobs/dlc0123456789abc")
        self.assertEqual(raised.exception.get_http_status(), 404)
        self.assertTrue(raised.exception.get_error_code() and raised.exception.get_request_id())

    def test_a_token(self):
        client = AcsClient(region_id="cn-hangzhou", credential=StsTokenCredential(*KEY, "a token"))
        self.assertIn("TotalCount", Client("2020-12-03", client=client).call("GET", "/api/v1/jobs"))

    def test_a_wrong_key(self):
        for key_id, secret in ((KEY[0], "wrong"), ("other", KEY[1])):
            client = Client("2020-12-03", client=AcsClient(key_id, secret, "cn-hangzhou"))
            with self.assertRaises(ServerException):
                client.call("GET", "/api/v1/jobs")


class BatchCompute(unittest.TestCase):
    def setUp(self):
        self.batchcompute = Client("2015-11-11")

    def test_a_job(self):
        task = {
            "ClusterId": "cls-1",
            "InstanceCount": 2,
            "Parameters": {
                "Command": {"CommandLine": "echo hello"},
                "StdoutRedirectPath": "oss://core-logs/",
                "StderrRedirectPath": "oss://core-logs/",
            },
        }
        job = {"Name": "core", "Type": "DAG", "DAG": {"Tasks": {"t": task}}}
        job_id = self.batchcompute.call("POST", "/jobs", job)["Id"]
        self.batchcompute.wait(f"/jobs/{job_id}", "State", "Finished")
        found = self.batchcompute.call("GET", "/jobs", MaxItemCount=100)
        self.assertIn(job_id, [item["Id"] for item in found["Items"]])
        instances = self.batchcompute.call("GET", f"/jobs/{job_id}/tasks/t/instances")["Items"]
        self.assertEqual([each["State"] for each in instances], ["Finished", "Finished"])
        self.batchcompute.call("DELETE", f"/jobs/{job_id}")
        with self.assertRaises(ServerException) as raised:
            self.batchcompute.call("GET", f"/jobs/{job_id}")
        self.assertEqual(raised.exception.get_error_code(), "InvalidResource.NotFound")


if __name__ == "__main__":
    unittest.main()
