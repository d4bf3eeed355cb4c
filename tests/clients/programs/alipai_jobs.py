"""Jobs and objects by a session of alipai, whose client of PAI-DLC is replaced as docs/local-service.md says."""

import json
import os
import tempfile
import time
import unittest
import uuid

from alibabacloud_credentials.models import Config as Credentials
from alibabacloud_tea_openapi.models import Config
from pai.api.base import ServiceName
from pai.common import oss_utils
from pai.libs.alibabacloud_pai_dlc20201203 import models
from pai.libs.alibabacloud_pai_dlc20201203.client import Client
from pai.session import Session

LOCAL = json.loads(os.environ["LOCAL"])
KEY = {name: LOCAL[name] for name in ("access_key_id", "access_key_secret")}
BUCKET = f"alipai-{uuid.uuid4().hex[:12]}"


class WithSession(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = Session(
            "cn-hangzhou",
            workspace_id="1",
            credential_config=Credentials(type="access_key", **KEY),
            oss_bucket_name=BUCKET,
            oss_endpoint=LOCAL["oss"],
        )
        config = Config(**KEY, endpoint=LOCAL["dlc"].partition("//")[2], protocol="http", signature_algorithm="v2")
        cls.sdk = cls.session.acs_client_container[ServiceName.PAI_DLC] = Client(config)
        cls.session.oss_bucket.create_bucket()


class Jobs(WithSession):
    def create(self, command):
        job = {
            "DisplayName": uuid.uuid4().hex,
            "JobType": "TFJob",
            "WorkspaceId": "1",
            "JobSpecs": [{"Type": "Worker", "Image": "tensorflow", "PodCount": 2, "EcsSpec": "ecs.g6.large"}],
            "UserCommand": command,
        }
        return self.sdk.create_job(models.CreateJobRequest().from_map(job)).body.job_id

    def wait(self, job_id, status):
        deadline = time.monotonic() + 60
        while (found := self.session.job_api.get(job_id))["Status"] != status:
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.2)
        return found

    def test_logs_and_events(self):
        job_id = self.create("echo I am $HOSTNAME")
        pods = self.wait(job_id, "Succeeded")["Pods"]
        self.assertEqual(len(pods), 2)
        for pod in pods:
            logs = self.session.job_api.list_logs(job_id, pod["PodId"], max_lines=10)
            self.assertIn("I am", logs[0])
        self.assertTrue(self.session.job_api.list_events(job_id))

    def test_list_stop_and_delete(self):
        job_id = self.create("sleep 60")
        self.wait(job_id, "Running")
        name = self.session.job_api.get(job_id)["DisplayName"]
        found = self.session.job_api.list(display_name=name, status="Running")
        self.assertEqual((found.total_count, found.items[0]["JobId"]), (1, job_id))
        self.session.job_api.stop(job_id)
        self.wait(job_id, "Stopped")
        self.session.job_api.delete(job_id)
        self.assertEqual(self.session.job_api.list(display_name=name).total_count, 0)

    def test_machine_types(self):
        found = self.session.job_api.list_ecs_specs(page_size=5)
        self.assertEqual(len(found.items), 5)
        self.assertTrue(self.session.is_supported_training_instance("ecs.g6.large"))
        self.assertFalse(self.session.is_gpu_training_instance("ecs.g6.large"))
        self.assertFalse(self.session.is_supported_training_instance("no.such.type"))


class Objects(WithSession):
    def test_upload_and_download(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
            os.makedirs(os.path.join(source, "inner"))
            for name in ("a.txt", "inner/b 日.txt"):
                with open(os.path.join(source, name), "w") as file:
                    file.write(name)
            uri = oss_utils.upload(source, "data/", self.session.oss_bucket)
            self.assertTrue(uri.startswith(f"oss://{BUCKET}"))
            oss_utils.download("data/", target, self.session.oss_bucket)
            with open(os.path.join(target, "inner/b 日.txt")) as file:
                self.assertEqual(file.read(), "inner/b 日.txt")
            packed = oss_utils.upload(source, "code/", self.session.oss_bucket, is_tar=True)
            self.assertTrue(packed.endswith(".tar.gz"))

    def test_another_bucket(self):
        bucket = self.session.get_oss_bucket(BUCKET)
        bucket.put_object("key", b"text")
        self.assertEqual(self.session.oss_bucket.get_object("key").read(), b"text")


if __name__ == "__main__":
    unittest.main()
