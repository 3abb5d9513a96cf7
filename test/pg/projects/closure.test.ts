import { expect, test } from 'vitest';
import { REFERENCES, TABLES } from '../../../local/demo/schema.ts';
import { rowVersions } from '../../support/compare.ts';
import { smallCounty } from '../../support/county.ts';
import { createPair, type Template, type TestPair } from '../../support/databases.ts';
import { ports, runJob } from '../../support/in-process.ts';
import { pagilaMissing, pagilaRows, pagilaSchema } from '../../support/pagila.ts';
import { type Asked, dangling, everything, projectIn } from '../../support/project-oracle.ts';

const emptyCounty: Template = {
  name: 'county-empty',
  build: async (client) => {
    await client.query(TABLES);
    await client.query(REFERENCES);
  },
};

interface Case {
  readonly title: string;
  readonly pagila?: true;
  readonly project: Parameters<typeof runJob>[1] & object;
  readonly asked: Asked;
}

const cases: readonly Case[] = [
  {
    title: 'one parcel of the county',
    project: { project: { root: 'public.parcels', key: 7, parents: 'insert' } },
    asked: { root: 'public.parcels', roots: 'parcel_id = 7' },
  },
  {
    title: 'three parcels by their pins',
    project: {
      project: {
        root: 'public.parcels',
        where: [{ column: 'parcel_id', op: 'in', values: [3, 5, 9] }],
        parents: 'insert',
      },
    },
    asked: { root: 'public.parcels', roots: 'parcel_id in (3, 5, 9)' },
  },
  {
    title: 'one tax district',
    project: { project: { root: 'public.tax_districts', key: { tax_district_id: 2 }, parents: 'insert' } },
    asked: { root: 'public.tax_districts', roots: 'tax_district_id = 2' },
  },
  {
    title: 'one tax district without permits, two foreign keys deep',
    project: {
      project: { root: 'public.tax_districts', key: [1, 2], exclude: ['public.permits'], depth: 2, parents: 'insert' },
    },
    asked: { root: 'public.tax_districts', roots: 'tax_district_id in (1, 2)', depth: 2, exclude: ['public.permits'] },
  },
  {
    title: 'one owner, descending into ownership alone',
    project: { project: { root: 'public.owners', key: 4, include: ['public.ownership'], parents: 'insert' } },
    asked: { root: 'public.owners', roots: 'owner_id = 4', include: ['public.ownership'] },
  },
  {
    title: 'one store of Pagila',
    pagila: true,
    project: { project: { root: 'public.store', key: 1, parents: 'insert' } },
    asked: { root: 'public.store', roots: 'store_id = 1' },
  },
  {
    title: 'one film of Pagila',
    pagila: true,
    project: { project: { root: 'public.film', key: 1, parents: 'insert' } },
    asked: { root: 'public.film', roots: 'film_id = 1' },
  },
];

const pairOf = ({ pagila }: Case): Promise<TestPair> =>
  pagila
    ? createPair({ source: pagilaRows, target: pagilaSchema })
    : createPair({ source: smallCounty, target: emptyCounty });

test.each(cases)(
  '$title: the target holds exactly the closure, and a second run changes nothing',
  { timeout: 240_000 },
  async (c) => {
    if (c.pagila && pagilaMissing) return expect(pagilaMissing).toContain('PAGILA_SQL');
    await using pair = await pairOf(c);
    const wanted = await projectIn(pair.source.client, c.asked);

    const first = await runJob(pair, c.project);
    const held = await everything(pair.target.client);
    const before = await rowVersions(pair.target.client);
    const second = await runJob(pair, c.project, {}, ports(), 'incremental');

    expect(first.job.failure).toBeUndefined();
    expect(first.job.state).toBe('completed');
    expect(wanted.length).toBeGreaterThan(3);
    expect(held).toEqual(wanted);
    expect(await dangling(pair.target.client)).toEqual([]);
    expect(second.job.state).toBe('completed');
    expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: wanted.length });
    expect(await rowVersions(pair.target.client)).toEqual(before);
  },
);
