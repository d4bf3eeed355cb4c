"""Jobs of PAI-DLC by the operations that the first and the newest SDK share."""

import json
import os
import time
import unittest
import uuid

from alibabacloud_pai_dlc20201203 import models
from alibabacloud_pai_dlc20201203.client import Client
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

LOCAL = json.loads(os.environ["LOCAL"])


def client(**changes):
    settings = {
        "endpoint": LOCAL["dlc"].partition("//")[2],
        "protocol": "HTTP",
        "access_key_id": LOCAL["access_key_id"],
        "access_key_secret": LOCAL["access_key_secret"],
        **changes,
    }
    return Client(Config(**settings))


class Jobs:
    """What each signature must be able to do."""

    @classmethod
    def setUpClass(cls):
        cls.sdk = cls.make()

    @staticmethod
    def make():
        return client()

    def create(self, command, name=None, **fields):
        job = {
            "DisplayName": name or uuid.uuid4().hex,
            "JobType": "PyTorchJob",
            "JobSpecs": [{"Type": "Worker", "Image": "python:3.11", "PodCount": 1, "EcsSpec": "ecs.g6.large"}],
            "UserCommand": command,
            **fields,
        }
        return self.sdk.create_job(models.CreateJobRequest().from_map(job)).body.job_id

    def get(self, job_id):
        request = [models.GetJobRequest()] if hasattr(models, "GetJobRequest") else []
        return self.sdk.get_job(job_id, *request).body

    def wait(self, job_id, *wanted):
        deadline = time.monotonic() + 60
        while (found := self.get(job_id)).status not in wanted:
            self.assertLess(time.monotonic(), deadline, found.status)
            self.assertNotIn(found.status, ("Failed", "Stopped", "Succeeded"))
            time.sleep(0.2)
        return found

    def test_a_job_with_logs_and_events(self):
        job_id = self.create('echo "value $GREETING"; echo 日志', Envs={"GREETING": "hello"})
        found = self.wait(job_id, "Succeeded")
        self.assertEqual((found.job_type, found.envs["GREETING"]), ("PyTorchJob", "hello"))
        [pod] = found.pods
        self.assertEqual((pod.type, pod.status), ("master", "Succeeded"))
        logs = self.sdk.get_pod_logs(job_id, pod.pod_id, models.GetPodLogsRequest(max_lines=10)).body.logs
        self.assertEqual([line.split()[-1] for line in logs], ["hello", "日志"])
        events = self.sdk.get_job_events(job_id, models.GetJobEventsRequest(max_events_num=100)).body.events
        self.assertTrue(events)
        self.assertTrue(self.sdk.get_pod_events(job_id, pod.pod_id, models.GetPodEventsRequest()).body.events)

    def test_a_failed_job(self):
        found = self.wait(self.create("echo wrong >&2; exit 3"), "Failed")
        self.assertTrue(found.reason_code and found.reason_message)

    def test_stop(self):
        job_id = self.create("sleep 60")
        self.wait(job_id, "Running")
        self.assertEqual(self.sdk.stop_job(job_id).body.job_id, job_id)
        self.wait(job_id, "Stopped")

    def test_list(self):
        name = f"listed-{uuid.uuid4().hex}"
        made = [self.create("true", name) for _ in range(3)]
        for job_id in made:
            self.wait(job_id, "Succeeded")
        found = []
        for page in (1, 2):
            request = models.ListJobsRequest(
                display_name=name,
                status="Succeeded",
                page_number=page,
                page_size=2,
                sort_by="GmtCreateTime",
                order="asc",
            )
            body = self.sdk.list_jobs(request).body
            self.assertEqual(body.total_count, 3)
            found += [job.job_id for job in body.jobs]
        self.assertEqual(sorted(found), sorted(made))

    def test_machine_types(self):
        request = models.ListEcsSpecsRequest(page_size=100, page_number=1)
        body = self.sdk.list_ecs_specs(request).body
        self.assertGreater(body.total_count, 0)
        if hasattr(body, "ecs_specs"):  # The first SDK has another name for the field, and reads none of them.
            self.assertIn("ecs.g6.large", [spec.instance_type for spec in body.ecs_specs])

    def test_errors(self):
        for action, code in (
            (lambda: self.get("dlc0123456789abc"), "404"),
            (lambda: self.create(""), "400"),
            (lambda: self.create("true", JobType="NoJob"), "400"),
        ):
            with self.assertRaises(TeaException) as raised:
                action()
            self.assertEqual(str(raised.exception.data["statusCode"]), code)
            self.assertTrue(raised.exception.code and raised.exception.message)


class Default(Jobs, unittest.TestCase):
    """The signature that the SDK chooses: ACS3."""


class Older(Jobs, unittest.TestCase):
    """The ROA signature (HMAC-SHA1)."""

    @staticmethod
    def make():
        return client(signature_algorithm="v2")


class WithToken(Jobs, unittest.TestCase):
    @staticmethod
    def make():
        return client(security_token="a token", type="sts")


class WrongKey(unittest.TestCase):
    def test_errors(self):
        for changes in ({"access_key_secret": "wrong"}, {"access_key_id": "other"}):
            for algorithm in (None, "v2"):
                with self.assertRaises(TeaException):
                    client(signature_algorithm=algorithm, **changes).list_jobs(models.ListJobsRequest())


if __name__ == "__main__":
    unittest.main()
