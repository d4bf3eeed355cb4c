"""Every method of OSSHook, and the operators and the sensor of the object store, of the Alibaba provider of Airflow."""

import json
import os
import tempfile
import unittest
import uuid

LOCAL = json.loads(os.environ["LOCAL"])
BUCKET = f"hook-{uuid.uuid4().hex[:12]}"
CONNECTION = {
    "conn_type": "oss",
    "schema": BUCKET,
    "extra": {
        "auth_type": "AK",
        "access_key_id": LOCAL["access_key_id"],
        "access_key_secret": LOCAL["access_key_secret"],
        "region": "cn-hangzhou",
        "endpoint": LOCAL["oss"],
    },
}
os.environ["AIRFLOW_CONN_OSS_DEFAULT"] = json.dumps(CONNECTION)
os.environ["AIRFLOW_CONN_OSS_WITHOUT_BUCKET"] = json.dumps({**CONNECTION, "schema": None})
os.environ["AIRFLOW_CONN_OSS_WRONG"] = json.dumps(
    {**CONNECTION, "extra": {**CONNECTION["extra"], "access_key_secret": "wrong"}}
)

import alibabacloud_oss_v2 as oss
from airflow.providers.alibaba.cloud.hooks.oss import OSSHook
from airflow.providers.alibaba.cloud.operators.oss import (
    OSSCreateBucketOperator,
    OSSDeleteBatchObjectOperator,
    OSSDeleteBucketOperator,
    OSSDeleteObjectOperator,
    OSSDownloadObjectOperator,
    OSSUploadObjectOperator,
)
from airflow.providers.alibaba.cloud.sensors.oss_key import OSSKeySensor
from airflow.providers.common.compat.sdk import AirflowException

#: As Airflow names the logs of tasks.
KEY = "logs/dag_id=a b/run_id=manual__2026-11-30T10:00:00+00:00/日.log"


class Hook(unittest.TestCase):
    """One test for each method, named after it."""

    def setUp(self):
        self.hook = OSSHook()
        if not self.hook.get_bucket().is_bucket_exist(BUCKET):
            self.hook.create_bucket()

    def test_every_method_has_a_test(self):
        methods = {name for name, value in vars(OSSHook).items() if not name.startswith("_") and callable(value)}
        self.assertGreater(len(methods), 15)
        self.assertEqual([name for name in sorted(methods) if not hasattr(self, f"test_{name}")], [])

    def test_get_conn(self):
        self.assertEqual(self.hook.get_conn().schema, BUCKET)

    def test_parse_oss_url(self):
        self.assertEqual(self.hook.parse_oss_url(f"oss://{BUCKET}/a/b"), (BUCKET, "a/b"))

    def test_get_bucket(self):
        self.assertIsInstance(self.hook.get_bucket(), oss.Client)

    def test_get_credential(self):
        self.assertEqual(self.hook.get_credential().get_credentials().access_key_id, LOCAL["access_key_id"])

    def test_get_default_region(self):
        self.assertEqual(self.hook.get_default_region(), "cn-hangzhou")

    def test_create_bucket(self):
        self.hook.create_bucket(f"{BUCKET}-created")
        self.assertTrue(self.hook.get_bucket().is_bucket_exist(f"{BUCKET}-created"))

    def test_delete_bucket(self):
        self.hook.create_bucket(f"{BUCKET}-deleted")
        self.hook.delete_bucket(f"{BUCKET}-deleted")
        self.assertFalse(self.hook.get_bucket().is_bucket_exist(f"{BUCKET}-deleted"))
        with self.assertRaises(AirflowException):
            self.hook.delete_bucket(f"{BUCKET}-deleted")

    def test_load_string(self):
        self.hook.load_string(KEY, "one 日\n")
        self.assertEqual(self.hook.read_key(None, KEY), "one 日\n")
        OSSHook(oss_conn_id="oss_without_bucket").load_string(f"oss://{BUCKET}/by/url", "two")
        self.assertEqual(self.hook.read_key(BUCKET, "by/url"), "two")
        with self.assertRaises(AirflowException):
            OSSHook(oss_conn_id="oss_wrong").load_string(KEY, "three")

    def test_read_key(self):
        self.hook.load_string("read", "text")
        self.assertEqual(self.hook.read_key(BUCKET, "read"), "text")
        with self.assertRaises(AirflowException):
            self.hook.read_key(BUCKET, "missing")

    def test_upload_local_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            # In parts, of 6 MiB each.
            content = os.urandom(13 * 2**20)
            with open(path, "wb") as file:
                file.write(content)
            self.hook.upload_local_file("uploaded", path)
            self.assertEqual(self.hook.head_key(BUCKET, "uploaded").content_length, len(content))
            self.hook.download_file("uploaded", path + "2")
            with open(path + "2", "rb") as file:
                self.assertEqual(file.read(), content)

    def test_download_file(self):
        self.hook.load_string("downloaded", "text")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            self.assertEqual(self.hook.download_file("downloaded", path), path)
            with open(path) as file:
                self.assertEqual(file.read(), "text")
            self.assertIsNone(self.hook.download_file("missing", path))

    def test_object_exists(self):
        self.hook.load_string("here", "text")
        self.assertEqual([self.hook.object_exists(key) for key in ("here", "missing")], [True, False])

    def test_key_exist(self):
        self.hook.load_string(KEY, "text")
        self.assertEqual([self.hook.key_exist(BUCKET, key) for key in (KEY, "missing")], [True, False])
        with self.assertRaises(AirflowException):
            OSSHook(oss_conn_id="oss_wrong").key_exist(BUCKET, KEY)

    def test_head_key(self):
        self.hook.load_string("head", "text")
        head = self.hook.head_key(BUCKET, "head")
        self.assertEqual((head.content_length, head.object_type), (4, "Normal"))
        with self.assertRaises(AirflowException):
            self.hook.head_key(BUCKET, "missing")

    def test_append_string(self):
        key = f"{KEY}.appended"
        self.hook.append_string(BUCKET, "line 1 日\n", key, 0)
        position = self.hook.head_key(BUCKET, key).content_length
        self.hook.append_string(BUCKET, "line 2\n", key, position)
        self.assertEqual(self.hook.read_key(BUCKET, key), "line 1 日\nline 2\n")
        with self.assertRaises(AirflowException):
            self.hook.append_string(BUCKET, "late", key, 1)

    def test_delete_object(self):
        self.hook.load_string("deleted", "text")
        self.hook.delete_object("deleted")
        self.assertFalse(self.hook.key_exist(BUCKET, "deleted"))

    def test_delete_objects(self):
        keys = ["many/a b", "many/c+d", "many/日&<e>"]
        for key in keys:
            self.hook.load_string(key, "text")
        self.hook.delete_objects(keys, bucket_name=BUCKET)
        self.assertEqual([self.hook.key_exist(BUCKET, key) for key in keys], [False] * 3)


class Operators(unittest.TestCase):
    def test_a_bucket_with_objects(self):
        bucket = {"region": "cn-hangzhou", "bucket_name": f"{BUCKET}-operators"}
        OSSCreateBucketOperator(task_id="create", **bucket).execute({})
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            with open(path, "w") as file:
                file.write("text")
            for key in ("a", "b", "c"):
                OSSUploadObjectOperator(task_id="upload", key=key, file=path, **bucket).execute({})
            OSSDownloadObjectOperator(task_id="download", key="a", file=path + "2", **bucket).execute({})
            self.assertTrue(os.path.exists(path + "2"))
        sensors = [
            OSSKeySensor(task_id="wait", bucket_key=key, region="cn-hangzhou", bucket_name=bucket["bucket_name"])
            for key in ("a", "missing")
        ]
        self.assertEqual([sensor.poke({}) for sensor in sensors], [True, False])
        OSSDeleteObjectOperator(task_id="delete", key="a", **bucket).execute({})
        OSSDeleteBatchObjectOperator(task_id="delete_all", keys=["b", "c"], **bucket).execute({})
        OSSDeleteBucketOperator(task_id="delete_bucket", **bucket).execute({})
        self.assertFalse(OSSHook().get_bucket().is_bucket_exist(bucket["bucket_name"]))


if __name__ == "__main__":
    unittest.main()
