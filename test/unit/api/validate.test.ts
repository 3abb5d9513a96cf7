import { expect, it } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import { tableValidation } from '../../../lib/model/schema-check.ts';
import { sampleJob, sampleTable, sampleValidation, validationOf } from '../../contract/samples.ts';
import { testApi } from './client.ts';

const job = sampleJob();

async function preparedApi() {
  const looked: string[] = [];
  const api = testApi({
    validateTable: async (id, table) => {
      looked.push(`${id} ${table}`);
      if (table === 'gone') throw new SyncError('resume_expired', 'The connections of this job are not kept any more.');
      return { ...validationOf(id), fresh: true };
    },
  });
  await api.jobs.create(job);
  await api.jobs.putTables([
    sampleTable(job.job_id, { name: 'public.parcels' }),
    sampleTable(job.job_id, { table: 1, name: 'old.Odd/näme' }),
  ]);
  await api.jobs.putValidations([
    sampleValidation(job.job_id),
    sampleValidation(job.job_id, { table_no: 1, table: 'old.Odd/näme' }),
  ]);
  return { api, looked };
}

const path = (table: string) => `/api/sync/validate/${job.job_id}/${encodeURIComponent(table)}`;

it.each(['public.parcels', 'parcels'])('tells what the job has found in the catalogs of %s', async (table) => {
  const { api } = await preparedApi();

  const answer = await api.call({ path: path(table) });

  expect(answer).toMatchObject({ status: 200, json: { ...validationOf(job.job_id), fresh: false } });
  expect(tableValidation.strict().safeParse(answer.json).success).toBe(true);
});

it('takes any name that a table may have', async () => {
  const { api } = await preparedApi();

  expect((await api.call({ path: path('old.Odd/näme') })).json).toMatchObject({ table: 'old.Odd/näme' });
  for (const name of [`'; drop table x --`, '%', '__proto__', '../x', 'x'.repeat(200)])
    expect((await api.call({ path: path(name) })).json, name).toMatchObject({ code: 'table_unknown' });
  expect(await api.call({ path: path('x'.repeat(201)) })).toMatchObject({ status: 400 });
});

it('looks at both catalogs anew when it is asked to, over the connections of the job', async () => {
  const { api, looked } = await preparedApi();

  expect(await api.call({ method: 'POST', path: path('parcels') })).toMatchObject({
    status: 200,
    json: { fresh: true },
  });
  expect(looked).toEqual([`${job.job_id} parcels`]);
  expect(await api.call({ method: 'POST', path: path('gone') })).toMatchObject({
    status: 409,
    json: { code: 'resume_expired' },
  });
});

it('says so where the job is not prepared yet, or not there', async () => {
  const api = testApi();
  await api.jobs.create(job);

  expect(await api.call({ path: path('parcels') })).toMatchObject({ status: 404, json: { code: 'table_unknown' } });
  const other = path('parcels').replace(job.job_id, sampleJob().job_id);
  expect(await api.call({ path: other })).toMatchObject({ status: 404, json: { code: 'job_not_found' } });
});
