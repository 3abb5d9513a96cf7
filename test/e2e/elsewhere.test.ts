import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { synthesize } from '../../local/synth.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair } from '../support/databases.ts';
import { LONG } from '../support/level.ts';
import { hasMoto, outputsIn, startMoto } from '../support/moto/moto.ts';
import { scratchFolder, startBody, until } from './support.ts';

/** Each look starts a process there, as every step does. */
const EVERY_MS = 2_000;
const LIMIT_MS = 400_000;
const ENDED = ['completed', 'completed_with_issues', 'failed', 'paused', 'stopped'];

// Python's moto: an emulation of AWS that is not ours.
describe('on an implementation of AWS that is not ours', () => {
  beforeEach(({ skip }) => {
    skip(!LONG, 'takes two minutes; TEST_LONG=1 runs it');
    skip(!hasMoto(), 'Python has no moto here');
  });

  test('the CDK CLI deploys the stack unmodified, the main job runs there, and destroy leaves no function', async () => {
    await using moto = await startMoto();
    using scratch = scratchFolder();
    await using pair = await createPair({});
    for (const { client } of [pair.source, pair.target])
      await client.query(
        `create table owners (id int primary key, name text not null);
         create table parcels (id int primary key, owner int not null references owners, area numeric)`,
      );
    await pair.source.client.query(
      `insert into owners select i, 'owner ' || i from generate_series(1, 50) i;
       insert into parcels select i, 1 + i % 50, i * 1.5 from generate_series(1, 3000) i`,
    );
    await pair.target.client.query(
      `insert into owners select i, 'owner ' || i from generate_series(1, 20) i;
       insert into parcels select i, 1 + i % 20, i from generate_series(1, 100) i`,
    );
    const outputs = join(scratch.path, 'outputs.json');
    const { folder } = await synthesize();
    const deploy = () =>
      moto.cdk(
        ...['deploy', '--app', folder, '--require-approval', 'never', '--method', 'direct', '--outputs-file', outputs],
        ...['--parameters', 'AllowedDatabaseHosts=*,this-machine', '--parameters', 'TlsPolicy=as_asked'],
      );

    await moto.cdk('bootstrap', '--app', folder);
    await deploy();
    const again = await deploy();
    const config = { delete_mode: 'mirror', max_delete_percent: 100 } as const;
    const started = await moto.call('commands', 'POST /api/sync/full', { body: startBody(pair, config) });
    expect(started).toMatchObject({ status: 202 });
    const status = () =>
      moto.call('queries', 'GET /api/sync/status/{job_id}', { params: { job_id: started.body.job_id } });
    const job = await until(
      'the job to end',
      async () => {
        const { body } = await status();
        return ENDED.includes(body.state) ? body : undefined;
      },
      LIMIT_MS,
      EVERY_MS,
    );

    expect(again).toContain('(no changes)');
    expect(job).toMatchObject({ state: 'completed', counts: { inserted: 2930 } });
    expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    const stateMachineArn = outputsIn(outputs).SyncJobArn;
    const executions = await until(
      'the execution to end',
      async () => {
        const listed = await moto.ask('states', 'AWSStepFunctions.ListExecutions', { stateMachineArn });
        return listed.executions.every((e: { status: string }) => e.status !== 'RUNNING') && listed.executions;
      },
      LIMIT_MS,
      EVERY_MS,
    );
    expect(executions).toMatchObject([{ name: `job-${job.job_id}-e1`, status: 'SUCCEEDED' }]);

    await moto.cdk('destroy', '--app', folder, '--force');
    expect(await moto.askStacks('DescribeStacks', { StackName: 'TerraFusionSync' })).toContain('does not exist');
  }, 900_000);
});
