// BatchCompute and the object store by aliyun-sdk.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const { test } = require('node:test');

const ALY = require('aliyun-sdk');

const local = JSON.parse(process.env.LOCAL);
const key = { accessKeyId: local.access_key_id, secretAccessKey: local.access_key_secret };

// The package has callbacks only.
function call(service, operation, parameters) {
  return new Promise((resolve, reject) => {
    service[operation](parameters || {}, (error, data) => (error ? reject(error) : resolve(data)));
  });
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

test('BatchCompute', async (t) => {
  const service = new ALY.BatchCompute({ ...key, endpoint: local.batchcompute, apiVersion: '2015-11-11', maxRetries: 0 });
  const bcs = async (operation, parameters) => (await call(service, operation, parameters)).data;

  function job(command, more) {
    const task = {
      ClusterId: 'cls-1',
      InstanceCount: 2,
      Timeout: 3600,
      MaxRetryCount: 0,
      Parameters: {
        Command: { CommandLine: command, PackagePath: '' },
        StdoutRedirectPath: 'oss://aliyun-sdk-logs/',
        StderrRedirectPath: 'oss://aliyun-sdk-logs/',
      },
    };
    const dag = { Tasks: { first: task, second: task }, Dependencies: { first: ['second'] } };
    return { Name: 'sdk', Description: '作业', Type: 'DAG', Priority: 10, JobFailOnInstanceFail: true, DAG: dag, ...more };
  }

  async function wait(id, ...states) {
    for (let tries = 0; tries < 300; tries += 1) {
      const found = await bcs('getJob', { JobId: id });
      if (states.includes(found.State)) return found;
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
    throw new Error(`${id} has never become ${states}`);
  }

  await t.test('a job', async () => {
    const { Id: id } = await bcs('createJob', job('echo hello'));
    assert.strictEqual((await wait(id, 'Finished', 'Failed')).State, 'Finished');
    assert.strictEqual((await bcs('getJobDescription', { JobId: id })).Description, '作业');
    const listed = await bcs('listJobs', { Marker: '', MaxItemCount: 100, State: 'Finished' });
    assert.ok(listed.Items.some((each) => each.Id === id));
    assert.deepStrictEqual((await bcs('listTasks', { JobId: id })).Items.map((each) => each.TaskName).sort(), ['first', 'second']);
    assert.strictEqual((await bcs('getTask', { JobId: id, TaskName: 'first' })).State, 'Finished');
    assert.strictEqual((await bcs('listInstances', { JobId: id, TaskName: 'first' })).Items.length, 2);
    assert.strictEqual((await bcs('getInstance', { JobId: id, TaskName: 'first', InstanceId: '1' })).State, 'Finished');
    await bcs('deleteJob', { JobId: id });
    assert.strictEqual(await codeOf(bcs('getJob', { JobId: id })), 'InvalidResource.NotFound');
  });

  await t.test('stop, change and start', async () => {
    const { Id: id } = await bcs('createJob', job('sleep 60'));
    await wait(id, 'Running');
    await bcs('stopJob', { JobId: id });
    await wait(id, 'Stopped');
    await bcs('changeJobPriority', { JobId: id, Priority: 20 });
    assert.strictEqual((await bcs('getJobDescription', { JobId: id })).Priority, 20);
    await bcs('startJob', { JobId: id });
    await wait(id, 'Running');
    await bcs('stopJob', { JobId: id });
  });

  await t.test('clusters and images', async () => {
    const image = await bcs('createImage', { Name: 'mine', EcsImageId: 'm-1', Platform: 'Linux' });
    assert.ok((await bcs('listImages', { Type: 'Private', MaxItemCount: 100 })).Items.some((each) => each.Id === image.Id));
    const groups = { workers: { DesiredVMCount: 1, InstanceType: 'ecs.sn1ne.large', ResourceType: 'OnDemand' } };
    const { Id: id } = await bcs('createCluster', { Name: 'sdk', ImageId: image.Id, InstanceType: 'ecs.sn1ne.large', Groups: groups });
    assert.strictEqual((await bcs('getCluster', { ClusterId: id })).Name, 'sdk');
    assert.ok((await bcs('listClusters', { MaxItemCount: 100 })).Items.some((each) => each.Id === id));
    await bcs('changeClusterDesiredVMCount', { ClusterId: id, Groups: { workers: { DesiredVMCount: 0 } } });
    await bcs('deleteCluster', { ClusterId: id });
    await bcs('deleteImage', { ImageId: image.Id });
    assert.ok(await bcs('getQuotas'));
  });

  await t.test('errors', async () => {
    assert.strictEqual(await codeOf(bcs('getJob', { JobId: 'job-0' })), 'InvalidResource.NotFound');
    assert.ok((await codeOf(bcs('createJob', job('true', { Priority: 1001 })))).startsWith('Invalid'));
    const wrong = new ALY.BatchCompute({
      accessKeyId: key.accessKeyId, secretAccessKey: 'wrong', endpoint: local.batchcompute, apiVersion: '2015-11-11', maxRetries: 0,
    });
    assert.strictEqual(await codeOf(call(wrong, 'listJobs')), 'SignatureDoesNotMatch');
  });
});

test('OSS', async (t) => {
  const store = new ALY.OSS({ ...key, endpoint: local.oss, apiVersion: '2013-10-15', maxRetries: 0 });
  const bucket = `aliyun-sdk-${crypto.randomBytes(6).toString('hex')}`;
  const oss = (operation, parameters) => call(store, operation, { Bucket: bucket, ...parameters });
  await oss('createBucket');

  await t.test('objects', async () => {
    for (const name of ['plain.txt', 'a folder/with spaces+&=.txt', '日期/文件.txt']) {
      await oss('putObject', { Key: name, Body: Buffer.from(name), ContentType: 'text/x-mine', Metadata: { author: 'me' } });
      const found = await oss('getObject', { Key: name });
      assert.deepStrictEqual([found.Body.toString(), found.ContentType], [name, 'text/x-mine']);
      assert.strictEqual(Number((await oss('headObject', { Key: name })).ContentLength), Buffer.byteLength(name));
    }
    const range = await oss('getObject', { Key: 'plain.txt', Range: 'bytes=0-4' });
    assert.strictEqual(range.Body.toString(), 'plain');
    await oss('copyObject', { Key: 'copy', CopySource: `/${bucket}/plain.txt` });
    const listed = await oss('listObjects', { MaxKeys: 100 });
    assert.deepStrictEqual(listed.Contents.map((each) => each.Key).sort(), ['a folder/with spaces+&=.txt', 'copy', 'plain.txt', '日期/文件.txt']);
    const folders = await oss('listObjects', { Delimiter: '/' });
    assert.deepStrictEqual(folders.CommonPrefixes.map((each) => each.Prefix), ['a folder/', '日期/']);
    await oss('deleteObjects', { Delete: { Objects: [{ Key: 'copy' }, { Key: 'plain.txt' }] } });
    assert.strictEqual(await codeOf(oss('getObject', { Key: 'copy' })), 'NoSuchKey');
    await oss('deleteObject', { Key: '日期/文件.txt' });
  });

  await t.test('parts', async () => {
    const big = crypto.randomBytes(300000);
    const { UploadId } = await oss('createMultipartUpload', { Key: 'big' });
    const parts = [];
    for (const [number, body] of [[1, big.subarray(0, 200000)], [2, big.subarray(200000)]]) {
      const { ETag } = await oss('uploadPart', { Key: 'big', PartNumber: number, UploadId, Body: body });
      parts.push({ ETag, PartNumber: number });
    }
    assert.strictEqual((await oss('listParts', { Key: 'big', UploadId })).Parts.length, 2);
    assert.strictEqual((await oss('listMultipartUploads')).Uploads.length, 1);
    await oss('completeMultipartUpload', { Key: 'big', UploadId, CompleteMultipartUpload: { Parts: parts } });
    assert.ok((await oss('getObject', { Key: 'big' })).Body.equals(big));
  });

  // At an endpoint that is an address, the client leaves the bucket out: a name is the endpoint, the address its host.
  await t.test('append', async () => {
    const { hostname: host, port } = new URL(local.oss);
    const named = new ALY.OSS({
      ...key, endpoint: `http://localhost:${port}`, httpOptions: { host }, apiVersion: '2013-10-15', maxRetries: 0,
    });
    for (const [position, line] of [[0, 'line 1\n'], [7, 'line 2\n']]) {
      await call(named, 'appendObject', { Bucket: bucket, Key: 'log', Position: position, Body: Buffer.from(line) });
    }
    assert.strictEqual((await oss('getObject', { Key: 'log' })).Body.toString(), 'line 1\nline 2\n');
  });

  // Among so many signatures, some have a plus sign.
  await t.test('signed URLs', async () => {
    await oss('putObject', { Key: 'signed/日 a+b.txt', Body: Buffer.from('by URL') });
    for (let seconds = 60; seconds < 90; seconds += 1) {
      const url = store.getSignedUrl('getObject', { Bucket: bucket, Key: 'signed/日 a+b.txt', Expires: seconds });
      assert.deepStrictEqual(await fetchUrl(url), [200, 'by URL'], url);
    }
  });

  await t.test('buckets', async () => {
    assert.ok((await call(store, 'listBuckets')).Buckets.some((each) => each.Name === bucket));
    assert.strictEqual((await oss('getBucketAcl')).Grants[0].Permission || '', '');
    assert.ok(await oss('getBucketLocation'));
    assert.strictEqual(await codeOf(oss('getBucketLifecycle')), 'NotImplemented');
    assert.strictEqual(await codeOf(oss('deleteBucket')), 'BucketNotEmpty');
  });

  await t.test('a wrong key', async () => {
    const wrong = new ALY.OSS({ accessKeyId: key.accessKeyId, secretAccessKey: 'wrong', endpoint: local.oss, apiVersion: '2013-10-15', maxRetries: 0 });
    assert.strictEqual(await codeOf(call(wrong, 'getObject', { Bucket: bucket, Key: 'plain.txt' })), 'SignatureDoesNotMatch');
  });
});
