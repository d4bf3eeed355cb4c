// Objects and buckets by ali-oss, with the signatures V1 and V4, and with an address or a name as endpoint.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Readable } = require('node:stream');

const OSS = require('ali-oss');

const local = JSON.parse(process.env.LOCAL);
const big = crypto.randomBytes(700000);

function open(bucket, more) {
  const key = { accessKeyId: local.access_key_id, accessKeySecret: local.access_key_secret };
  return new OSS({ endpoint: local.oss, region: 'oss-cn-hangzhou', bucket, ...key, ...more });
}

async function codeOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error.code;
  }
  return '';
}

// Without the client, as a browser or curl.
function fetchUrl(url) {
  return new Promise((resolve, reject) => {
    http.get(url, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve([response.statusCode, Buffer.concat(pieces).toString()]));
    }).on('error', reject);
  });
}

// With sldEnable the bucket is in the path.
const byName = { endpoint: local.oss.replace('127.0.0.1', 'localhost'), sldEnable: true };

for (const [name, more] of [
  ['addressV1', {}],
  ['addressV4', { authorizationV4: true }],
  ['nameV1', byName],
  ['nameV4', { ...byName, authorizationV4: true }],
  ['token', { ...byName, stsToken: 'a token' }],
]) {
  test(name, async (t) => {
    const bucket = `ali-oss-${name.toLowerCase()}-${crypto.randomBytes(6).toString('hex')}`;
    const store = open(bucket, more);
    const put = await store.putBucket(bucket);
    assert.strictEqual(put.res.status, 200);

    await t.test('put and get', async () => {
      for (const key of ['plain.txt', 'a folder/with spaces+&=%.txt', '日期/文件.txt', 'run__2026-11-30T10:00:00+00:00/1.log']) {
        await store.put(key, Buffer.from(`content of ${key}`), { meta: { author: 'me' }, mime: 'text/x-mine' });
        const found = await store.get(key);
        assert.strictEqual(found.content.toString(), `content of ${key}`);
        const head = await store.head(key);
        assert.deepStrictEqual([head.meta.author, head.res.headers['content-type']], ['me', 'text/x-mine']);
        assert.strictEqual((await store.getObjectMeta(key)).res.headers['content-length'], String(Buffer.byteLength(`content of ${key}`)));
        await store.delete(key);
        assert.strictEqual(await codeOf(store.get(key)), 'NoSuchKey');
        assert.strictEqual(await codeOf(store.head(key)), 'NoSuchKey');
      }
    });

    await t.test('streams, files and ranges', async () => {
      await store.putStream('streamed', Readable.from([big.subarray(0, 1000), big.subarray(1000)]));
      const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'ali-oss-')), 'file');
      await store.get('streamed', file);
      assert.ok(fs.readFileSync(file).equals(big));
      await store.put('by file', file);
      const range = await store.get('by file', { headers: { Range: 'bytes=10-19' } });
      assert.ok(range.content.equals(big.subarray(10, 20)));
      const stream = await store.getStream('by file');
      const pieces = [];
      for await (const piece of stream.stream) pieces.push(piece);
      assert.ok(Buffer.concat(pieces).equals(big));
      await store.multipartUpload('in parts', file, { partSize: 200 * 1024, parallel: 3 });
      assert.ok((await store.get('in parts')).content.equals(big));
      await store.multipartUploadCopy('copied in parts', { sourceKey: 'in parts', sourceBucketName: bucket }, { partSize: 200 * 1024 });
      assert.ok((await store.get('copied in parts')).content.equals(big));
    });

    await t.test('uploads in parts', async () => {
      const { uploadId } = await store.initMultipartUpload('a b.bin');
      const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'ali-oss-')), 'file');
      fs.writeFileSync(file, big);
      const part = await store.uploadPart('a b.bin', uploadId, 1, file, 0, big.length);
      const parts = await store.listParts('a b.bin', uploadId);
      assert.strictEqual(Number([].concat(parts.parts)[0].PartNumber), 1);
      assert.deepStrictEqual((await store.listUploads({ prefix: 'a b' })).uploads.map((each) => each.uploadId), [uploadId]);
      await store.completeMultipartUpload('a b.bin', uploadId, [{ number: 1, etag: part.etag }]);
      assert.ok((await store.get('a b.bin')).content.equals(big));
      const other = await store.initMultipartUpload('aborted');
      await store.abortMultipartUpload('aborted', other.uploadId);
      assert.strictEqual(await codeOf(store.listParts('aborted', other.uploadId)), 'NoSuchUpload');
    });

    await t.test('append', async () => {
      const first = await store.append('log', Buffer.from('line 1\n'));
      await store.append('log', Buffer.from('line 2\n'), { position: first.nextAppendPosition });
      assert.strictEqual((await store.get('log')).content.toString(), 'line 1\nline 2\n');
      assert.strictEqual(await codeOf(store.append('log', Buffer.from('late'), { position: '3' })), 'PositionNotEqualToLength');
    });

    await t.test('listing', async () => {
      const keys = [];
      for (const folder of ['a', 'b c', '日']) {
        for (const number of [0, 1, 2]) {
          keys.push(`list/${folder}/${number}`);
          await store.put(keys[keys.length - 1], Buffer.from(''));
        }
      }
      for (const call of ['list', 'listV2']) {
        const found = [];
        let next = {};
        do {
          const page = await store[call]({ prefix: 'list/', 'max-keys': 2, ...next });
          found.push(...page.objects.map((each) => each.name));
          next = call === 'list' ? { marker: page.nextMarker } : { 'continuation-token': page.nextContinuationToken };
          if (!page.isTruncated) break;
        } while (found.length < 100);
        assert.deepStrictEqual(found, keys, call);
        const folders = await store[call]({ prefix: 'list/', delimiter: '/' });
        assert.deepStrictEqual(folders.prefixes, ['list/a/', 'list/b c/', 'list/日/']);
      }
      const deleted = await store.deleteMulti(keys.slice(1));
      assert.strictEqual(deleted.deleted.length, keys.length - 1);
      assert.deepStrictEqual((await store.list({ prefix: 'list/' })).objects.map((each) => each.name), [keys[0]]);
    });

    await t.test('copy and metadata', async () => {
      await store.put('from here', Buffer.from('text'), { meta: { a: '1' } });
      await store.copy('to there', 'from here');
      assert.strictEqual((await store.get('to there')).content.toString(), 'text');
      // The client puts a prefix before the names of these headers, so that OSS ignores them.
      await store.copy('to there', 'from here', { headers: { 'Cache-Control': 'no-cache' } });
      await store.putMeta('to there', { b: '2' });
      assert.deepStrictEqual((await store.head('to there')).meta, { b: '2' });
      assert.strictEqual((await store.getACL('to there')).acl, 'default');
      assert.deepStrictEqual((await store.getObjectTagging('to there')).tag, {});
    });

    // The client makes no URL of an address.
    await t.test('signed URLs', { skip: !more.sldEnable }, async () => {
      await store.put('signed/日 a+b.txt', Buffer.from('by URL'));
      const url = name.endsWith('V4')
        ? await store.signatureUrlV4('GET', 60, {}, 'signed/日 a+b.txt')
        : store.signatureUrl('signed/日 a+b.txt', { expires: 60, response: { 'content-type': 'text/x-mine' } });
      assert.deepStrictEqual(await fetchUrl(url), [200, 'by URL']);
    });

    await t.test('buckets', async () => {
      const other = `${bucket}-2`;
      await store.putBucket(other, { acl: 'private', storageClass: 'Standard' });
      const found = await store.listBuckets({ prefix: bucket });
      assert.deepStrictEqual(found.buckets.map((each) => each.name), [bucket, other]);
      assert.strictEqual((await store.getBucketInfo(other)).bucket.Name, other);
      assert.ok((await store.getBucketLocation(other)).location);
      assert.strictEqual((await store.getBucketACL(other)).acl, 'private');
      assert.strictEqual((await store.getBucketStat(other)).stat.ObjectCount, '0');
      assert.strictEqual(await codeOf(store.deleteBucket(bucket)), 'BucketNotEmpty');
      await store.deleteBucket(other);
      assert.strictEqual(await codeOf(store.getBucketInfo(other)), 'NoSuchBucket');
    });

    await t.test('what the service does not have', async () => {
      await store.put('kept', Buffer.from('1'));
      for (const call of [
        () => store.putACL('kept', 'public-read'),
        () => store.putSymlink('link', 'kept'),
        () => store.putObjectTagging('kept', { a: '1' }),
        () => store.deleteObjectTagging('kept'),
        () => store.restore('kept'),
        () => store.getBucketVersioning(bucket),
        () => store.putBucketACL(bucket, 'public-read'),
        () => store.deleteBucketLifecycle(bucket),
      ]) {
        assert.strictEqual(await codeOf(call()), 'NotImplemented', String(call));
      }
      assert.strictEqual((await store.get('kept')).content.toString(), '1');
    });
  });
}

test('a wrong key', async () => {
  assert.strictEqual(await codeOf(open('any-bucket', { accessKeySecret: 'wrong' }).get('key')), 'SignatureDoesNotMatch');
  assert.strictEqual(await codeOf(open('any-bucket', { accessKeyId: 'other' }).get('key')), 'InvalidAccessKeyId');
});
