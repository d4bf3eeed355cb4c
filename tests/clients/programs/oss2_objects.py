"""Objects and buckets by the functions of oss2, with each kind of signature that its version knows."""

import io
import json
import os
import tempfile
import unittest
import urllib.request
import uuid

import oss2

LOCAL = json.loads(os.environ["LOCAL"])
KEY = LOCAL["access_key_id"], LOCAL["access_key_secret"]
BIG = os.urandom(700_000)


class Objects:
    """What each signature must be able to do."""

    auth = None
    region = None

    @classmethod
    def setUpClass(cls):
        cls.name = f"oss2-{cls.__name__.lower()}-{uuid.uuid4().hex[:12]}"
        cls.bucket = cls.open_bucket(cls.name)
        cls.bucket.create_bucket()

    @classmethod
    def open_bucket(cls, name, **options):
        if cls.region:
            options["region"] = cls.region
        return oss2.Bucket(cls.auth, LOCAL["oss"], name, **options)

    @classmethod
    def service(cls):
        return oss2.Service(cls.auth, LOCAL["oss"], **({"region": cls.region} if cls.region else {}))

    def test_put_and_get(self):
        for key in (
            "plain.txt",
            "a folder/with spaces+&=%.txt",
            "日期/文件.txt",
            "run_id=manual__2026-11-30T10:00:00+00:00/1.log",
        ):
            put = self.bucket.put_object(key, f"content of {key}", headers={"x-oss-meta-author": "me"})
            self.assertEqual(put.status, 200)
            self.assertTrue(put.request_id and put.etag)
            found = self.bucket.get_object(key)
            self.assertEqual(found.read().decode(), f"content of {key}")
            self.assertEqual(found.headers["x-oss-meta-author"], "me")
            self.assertEqual(found.client_crc, found.server_crc)
            self.assertTrue(self.bucket.object_exists(key))
            self.bucket.delete_object(key)
            self.assertFalse(self.bucket.object_exists(key))
            self.bucket.delete_object(key)

    def test_ranges_and_streams(self):
        self.bucket.put_object("big.bin", io.BytesIO(BIG))
        self.assertEqual(self.bucket.get_object("big.bin", byte_range=(10, 19)).read(), BIG[10:20])
        self.assertEqual(self.bucket.get_object("big.bin", byte_range=(None, 5)).read(), BIG[-5:])
        self.assertEqual(b"".join(self.bucket.get_object("big.bin")), BIG)
        self.bucket.put_object("pieces", (piece for piece in [b"one ", b"two"]))
        self.assertEqual(self.bucket.get_object("pieces").read(), b"one two")

    def test_metadata(self):
        self.bucket.put_object("meta", b"x", headers={"Content-Type": "text/csv", "x-oss-meta-a": "1"})
        head = self.bucket.head_object("meta")
        self.assertEqual((head.content_type, head.content_length, head.object_type), ("text/csv", 1, "Normal"))
        self.assertEqual(self.bucket.get_object_meta("meta").content_length, 1)
        self.bucket.update_object_meta("meta", {"x-oss-meta-b": "2"})
        head = self.bucket.head_object("meta")
        self.assertEqual(head.headers["x-oss-meta-b"], "2")
        self.assertNotIn("x-oss-meta-a", head.headers)
        self.assertEqual(self.bucket.get_object_acl("meta").acl, "default")
        self.assertEqual(self.bucket.get_object_tagging("meta").tag_set.tagging_rule, {})

    def test_files_and_progress(self):
        seen = []
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
            with open(source, "wb") as file:
                file.write(BIG)
            self.bucket.put_object_from_file(
                "file", source, progress_callback=lambda done, total: seen.append((done, total))
            )
            self.bucket.get_object_to_file("file", target)
            with open(target, "rb") as file:
                self.assertEqual(file.read(), BIG)
        self.assertEqual(seen[-1], (len(BIG), len(BIG)))

    def test_uploads_and_downloads_in_parts(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
            with open(source, "wb") as file:
                file.write(BIG)
            store = oss2.ResumableStore(root=folder)
            oss2.resumable_upload(
                self.bucket, "resumed", source, store=store, multipart_threshold=1, part_size=100 * 1024, num_threads=3
            )
            store = oss2.ResumableDownloadStore(root=folder)
            oss2.resumable_download(
                self.bucket, "resumed", target, store=store, multiget_threshold=1, part_size=100 * 1024, num_threads=3
            )
            with open(target, "rb") as file:
                self.assertEqual(file.read(), BIG)

    def test_multipart(self):
        upload = self.bucket.init_multipart_upload("parts").upload_id
        self.bucket.put_object("source", BIG)
        parts = []
        for number, data in ((1, BIG[:200_000]), (2, BIG[200_000:400_000])):
            part = self.bucket.upload_part("parts", upload, number, data)
            parts.append(oss2.models.PartInfo(number, part.etag, size=len(data), part_crc=part.crc))
        copied = self.bucket.upload_part_copy(self.name, "source", (400_000, len(BIG) - 1), "parts", upload, 3)
        parts.append(oss2.models.PartInfo(3, copied.etag))
        self.assertEqual([part.part_number for part in oss2.PartIterator(self.bucket, "parts", upload)], [1, 2, 3])
        self.assertIn(upload, [each.upload_id for each in oss2.MultipartUploadIterator(self.bucket)])
        self.assertEqual([each.key for each in oss2.ObjectUploadIterator(self.bucket, "parts")], ["parts"])
        self.bucket.complete_multipart_upload("parts", upload, parts)
        self.assertEqual(self.bucket.get_object("parts").read(), BIG)
        upload = self.bucket.init_multipart_upload("aborted").upload_id
        self.bucket.abort_multipart_upload("aborted", upload)
        with self.assertRaises(oss2.exceptions.NoSuchUpload):
            self.bucket.upload_part("aborted", upload, 1, b"x")

    def test_append(self):
        first = self.bucket.append_object("log", 0, "line 1\n")
        second = self.bucket.append_object("log", first.next_position, "line 2\n", init_crc=first.crc)
        self.assertEqual(second.next_position, 14)
        self.assertEqual(self.bucket.get_object("log").read(), b"line 1\nline 2\n")
        self.assertEqual(self.bucket.head_object("log").object_type, "Appendable")
        with self.assertRaises(oss2.exceptions.PositionNotEqualToLength) as raised:
            self.bucket.append_object("log", 3, "late")
        self.assertEqual(raised.exception.next_position, 14)

    def test_listing(self):
        keys = [f"list/{folder}/{number}" for folder in ("a", "b c", "日") for number in range(3)]
        for key in keys:
            self.bucket.put_object(key, b"")
        self.assertEqual([each.key for each in oss2.ObjectIterator(self.bucket, prefix="list/", max_keys=2)], keys)
        self.assertEqual([each.key for each in oss2.ObjectIteratorV2(self.bucket, prefix="list/", max_keys=2)], keys)
        folders = [
            each.key for each in oss2.ObjectIterator(self.bucket, prefix="list/", delimiter="/") if each.is_prefix()
        ]
        self.assertEqual(folders, ["list/a/", "list/b c/", "list/日/"])
        found = self.bucket.list_objects_v2("list/", delimiter="/", fetch_owner=True)
        self.assertEqual(found.prefix_list, folders)
        found = self.bucket.list_objects_v2("list/", start_after="list/b c/1", fetch_owner=True)
        self.assertEqual([each.key for each in found.object_list], keys[5:])
        self.assertTrue(found.object_list[0].owner.id)
        deleted = self.bucket.batch_delete_objects(keys[:-1])
        self.assertEqual(sorted(deleted.deleted_keys), keys[:-1])
        self.assertEqual([each.key for each in oss2.ObjectIterator(self.bucket, prefix="list/")], keys[-1:])

    def test_copy(self):
        self.bucket.put_object("from here", b"text", headers={"x-oss-meta-a": "1"})
        self.bucket.copy_object(self.name, "from here", "to there")
        self.assertEqual(self.bucket.get_object("to there").read(), b"text")
        self.assertEqual(self.bucket.head_object("to there").headers["x-oss-meta-a"], "1")

    def test_a_copy_to_itself(self):
        self.bucket.put_object("itself", b"text", headers={"x-oss-meta-a": "1"})
        self.bucket.copy_object(self.name, "itself", "itself", headers={"x-oss-meta-b": "2"})
        head = self.bucket.head_object("itself")
        self.assertEqual((head.headers["x-oss-meta-b"], head.headers.get("x-oss-meta-a")), ("2", None))

    def test_an_upload_that_goes_on(self):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "source")
            with open(source, "wb") as file:
                file.write(BIG)
            store, upload_part, numbers = oss2.ResumableStore(root=folder), self.bucket.upload_part, []

            def upload(*arguments, **options):
                numbers.append(arguments[2])
                if len(numbers) == 4:
                    raise OSError("the network is gone")
                return upload_part(*arguments, **options)

            options = {"store": store, "multipart_threshold": 1, "part_size": 100 * 1024, "num_threads": 1}
            headers = {"x-oss-meta-author": "me", "x-oss-storage-class": "IA", "x-oss-tagging": "k=v"}
            self.bucket.upload_part = upload
            try:
                with self.assertRaises(OSError):
                    oss2.resumable_upload(self.bucket, "again", source, headers=headers, **options)
                oss2.resumable_upload(self.bucket, "again", source, headers=headers, **options)
            finally:
                del self.bucket.upload_part
        # The second upload has begun with the part that had failed.
        self.assertEqual(numbers, [1, 2, 3, 4, 4, 5, 6, 7])
        head = self.bucket.head_object("again")
        self.assertEqual(self.bucket.get_object("again").read(), BIG)
        found = [head.headers[name] for name in ("x-oss-meta-author", "x-oss-storage-class", "x-oss-tagging-count")]
        self.assertEqual(found, ["me", "IA", "1"])

    def test_signed_urls(self):
        self.bucket.put_object_with_url(self.bucket.sign_url("PUT", "signed/日.txt", 60, slash_safe=True), b"by URL")
        for slash_safe in (False, True):
            url = self.bucket.sign_url("GET", "signed/日.txt", 60, slash_safe=slash_safe)
            self.assertEqual(self.bucket.get_object_with_url(url).read(), b"by URL")
        url = self.bucket.sign_url(
            "GET", "signed/日.txt", 60, params={"response-content-type": "text/x-mine"}, slash_safe=True
        )
        # A browser or curl gets the URL, without the client.
        with urllib.request.urlopen(url) as response:
            self.assertEqual((response.read(), response.headers["Content-Type"]), (b"by URL", "text/x-mine"))

    def test_errors(self):
        with self.assertRaises(oss2.exceptions.NoSuchKey):
            self.bucket.get_object("missing")
        with self.assertRaises(oss2.exceptions.NotFound):
            self.bucket.head_object("missing")
        with self.assertRaises(oss2.exceptions.NoSuchBucket):
            self.open_bucket("no-such-bucket").put_object("key", b"")
        self.bucket.put_object("once", b"1")
        with self.assertRaises(oss2.exceptions.ServerError) as raised:
            self.bucket.put_object("once", b"2", headers={"x-oss-forbid-overwrite": "true"})
        self.assertEqual(raised.exception.code, "FileAlreadyExists")
        with self.assertRaises(oss2.exceptions.NotModified):
            self.bucket.get_object("once", headers={"If-None-Match": self.bucket.head_object("once").etag})
        with self.assertRaises(oss2.exceptions.BucketNotEmpty):
            self.bucket.delete_bucket()

    def test_what_the_service_does_not_have(self):
        self.bucket.put_object("kept", b"1")
        for call, *arguments in (
            (self.bucket.put_symlink, "kept", "link"),
            (self.bucket.put_object_acl, "kept", oss2.OBJECT_ACL_PUBLIC_READ),
            (self.bucket.delete_object_tagging, "kept"),
            (self.bucket.restore_object, "kept"),
            (self.bucket.process_object, "kept", "image/resize"),
            (self.bucket.list_object_versions,),
            (self.bucket.get_bucket_lifecycle,),
            (self.bucket.put_bucket_acl, oss2.BUCKET_ACL_PUBLIC_READ),
            (self.bucket.delete_bucket_website,),
            (self.bucket.put_bucket_versioning, oss2.models.BucketVersioningConfig(oss2.BUCKET_VERSIONING_ENABLE)),
            (self.bucket.get_bucket_qos_info,),
            (self.bucket.get_bucket_replication,),
            (self.bucket.get_bucket_transfer_acceleration,),
            (self.bucket.list_bucket_inventory_configurations,),
            (self.bucket.list_live_channel,),
        ):
            with self.subTest(call.__name__), self.assertRaises(oss2.exceptions.ServerError) as raised:
                call(*arguments)
            self.assertEqual(raised.exception.code, "NotImplemented", call.__name__)
        self.assertEqual(self.bucket.get_object("kept").read(), b"1")

    def test_buckets(self):
        other = self.open_bucket(f"{self.name}-2")
        other.create_bucket(oss2.BUCKET_ACL_PRIVATE)
        names = [each.name for each in oss2.BucketIterator(self.service(), prefix=self.name, max_keys=1)]
        self.assertEqual(names, [self.name, f"{self.name}-2"])
        self.assertEqual(other.get_bucket_acl().acl, "private")
        info = other.get_bucket_info()
        self.assertEqual((info.name, info.storage_class, info.acl.grant), (other.bucket_name, "Standard", "private"))
        self.assertTrue(other.get_bucket_location().location)
        self.assertEqual(other.get_bucket_stat().object_count, 0)
        other.delete_bucket()
        with self.assertRaises(oss2.exceptions.NoSuchBucket):
            other.get_bucket_info()


class V1(Objects, unittest.TestCase):
    auth = oss2.Auth(*KEY)


class V2(Objects, unittest.TestCase):
    auth = oss2.AuthV2(*KEY)


class OfProvider(Objects, unittest.TestCase):
    auth = oss2.ProviderAuth(oss2.credentials.StaticCredentialsProvider(*KEY))


class WithToken(Objects, unittest.TestCase):
    auth = oss2.StsAuth(*KEY, "a token")


if hasattr(oss2, "AuthV4"):

    class V4(Objects, unittest.TestCase):
        auth = oss2.AuthV4(*KEY)
        region = "cn-hangzhou"


class WrongKey(unittest.TestCase):
    def test_errors(self):
        bucket = oss2.Bucket(oss2.Auth(KEY[0], "wrong"), LOCAL["oss"], "any-bucket")
        with self.assertRaises(oss2.exceptions.SignatureDoesNotMatch):
            bucket.get_object("key")
        bucket = oss2.Bucket(oss2.Auth("other", KEY[1]), LOCAL["oss"], "any-bucket")
        with self.assertRaises(oss2.exceptions.ServerError) as raised:
            bucket.get_object("key")
        self.assertEqual(raised.exception.code, "InvalidAccessKeyId")


if __name__ == "__main__":
    unittest.main()
