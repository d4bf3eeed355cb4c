// PAI-DLC and BatchCompute by the ROA client of @alicloud/pop-core, which names neither of them.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const { test } = require('node:test');

const { ROAClient } = require('@alicloud/pop-core');

const local = JSON.parse(process.env.LOCAL);

function client(apiVersion, more) {
  const key = { accessKeyId: local.access_key_id, accessKeySecret: local.access_key_secret };
  return new ROAClient({ ...key, endpoint: local.dlc, apiVersion, ...more });
}

async function codeOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error.code;
  }
  return '';
}

async function wait(api, path, field, ...states) {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await api.request('GET', path);
    if (states.includes(found[field])) return found;
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  throw new Error(`${path} has never become ${states}`);
}

const json = { 'content-type': 'application/json' };

for (const [name, more] of [['with a key', {}], ['with a token', { securityToken: 'a token' }]]) {
  test(`PAI-DLC ${name}`, async (t) => {
    const dlc = client('2020-12-03', more);

    async function create(displayName, command) {
      const spec = { Type: 'Worker', Image: 'python:3.11', PodCount: 1, EcsSpec: 'ecs.g6.large' };
      const job = { DisplayName: displayName, JobType: 'TFJob', JobSpecs: [spec], UserCommand: command };
      return (await dlc.request('POST', '/api/v1/jobs', {}, JSON.stringify(job), json)).JobId;
    }

    await t.test('a job', async () => {
      const displayName = `pop-${crypto.randomBytes(8).toString('hex')}`;
      const id = await create(displayName, 'echo "hello 日"');
      const { Pods: [pod] } = await wait(dlc, `/api/v1/jobs/${id}`, 'Status', 'Succeeded');
      const { Logs: [line] } = await dlc.request('GET', `/api/v1/jobs/${id}/pods/${pod.PodId}/logs`, { MaxLines: 10 });
      assert.ok(line.includes('hello 日'));
      const listed = await dlc.request('GET', '/api/v1/jobs', { DisplayName: displayName, PageSize: 5, SortBy: 'GmtCreateTime' });
      assert.deepStrictEqual(listed.Jobs.map((each) => each.JobId), [id]);
      await dlc.request('DELETE', `/api/v1/jobs/${id}`);
      assert.strictEqual((await dlc.request('GET', '/api/v1/jobs', { DisplayName: displayName })).TotalCount, 0);
    });

    await t.test('stop', async () => {
      const id = await create(`pop-${crypto.randomBytes(8).toString('hex')}`, 'sleep 60');
      await wait(dlc, `/api/v1/jobs/${id}`, 'Status', 'Running');
      await dlc.request('POST', `/api/v1/jobs/${id}/stop`);
      await wait(dlc, `/api/v1/jobs/${id}`, 'Status', 'Stopped');
    });

    await t.test('a query with spaces and signs', async () => {
      const listed = await dlc.request('GET', '/api/v1/jobs', { DisplayName: "a b+c&d=日/*~!'()" });
      assert.strictEqual(listed.TotalCount, 0);
    });

    await t.test('errors', async () => {
      assert.ok(await codeOf(dlc.request('GET', '/api/v1/jobs/dlc0123456789abc')));
      assert.strictEqual(await codeOf(dlc.request('GET', '/api/v1/jobs', { SortBy: 'Colour' })), 'InvalidParameter');
    });
  });
}

test('BatchCompute', async () => {
  const bcs = client('2015-11-11');
  const task = {
    ClusterId: 'cls-1',
    InstanceCount: 1,
    Parameters: {
      Command: { CommandLine: 'echo hello' },
      StdoutRedirectPath: 'oss://pop-logs/',
      StderrRedirectPath: 'oss://pop-logs/',
    },
  };
  const job = { Name: 'pop', Description: '作业', Type: 'DAG', DAG: { Tasks: { t: task } } };
  const { Id: id } = await bcs.request('POST', '/jobs', {}, JSON.stringify(job), json);
  await wait(bcs, `/jobs/${id}`, 'State', 'Finished');
  assert.ok((await bcs.request('GET', '/jobs', { MaxItemCount: 100 })).Items.some((each) => each.Id === id));
  assert.strictEqual((await bcs.request('GET', `/jobs/${id}`, { description: '' })).Description, '作业');
  await bcs.request('DELETE', `/jobs/${id}`);
  assert.strictEqual(await codeOf(bcs.request('GET', `/jobs/${id}`)), 'InvalidResource.NotFound');
});

test('a wrong key', async () => {
  assert.strictEqual(await codeOf(client('2020-12-03', { accessKeySecret: 'wrong' }).request('GET', '/api/v1/jobs')), 'SignatureDoesNotMatch');
  assert.strictEqual(await codeOf(client('2020-12-03', { accessKeyId: 'other' }).request('GET', '/api/v1/jobs')), 'InvalidAccessKeyId.NotFound');
});
