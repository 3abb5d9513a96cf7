import type { Page } from 'playwright-core';
import type { Scene } from './scene.ts';

/** One thing that is pictured. */
export interface Place {
  readonly name: string;
  readonly title: string;
  /** In the form of functions/web/pages.ts; which of it is shown, `at` says. */
  readonly path: string;
  /** Parameters, and what stands behind the path. */
  readonly at?: (scene: Scene) => { readonly params?: Readonly<Record<string, string>>; readonly query?: string };
  /** What a person does there before it is worth a picture. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** What is at the top of the picture, of a page that is longer than one; absent: its top. */
  readonly lookAt?: string;
  readonly signedOut?: true;
}

const BASE = '/sync/terra_fusion';
const PROJECTS = '/sync';
const job = `${BASE}/job/{job_id}`;
const tab = (name: string, title: string, prepare?: Place['prepare']): Place => ({
  name: `job-${name}`,
  title,
  path: job,
  at: ({ jobs }) => ({ params: { job_id: jobs.troubled }, query: `?tab=${name}` }),
  ...(prepare && { prepare }),
});

/** Every page, in the order in which docs/web-ui.md shows them. */
export const places: readonly Place[] = [
  {
    name: 'dashboard',
    title: 'Jobs',
    path: BASE,
    prepare: async (page) => {
      await page.getByText('All is well').waitFor();
      await page.getByRole('navigation', { name: 'Counters' }).waitFor();
    },
  },
  {
    name: 'start',
    title: 'Start a job',
    path: `${BASE}/start`,
    prepare: async (page) => {
      await page.getByLabel('Source environment').selectOption('production');
      await page.getByLabel('Target environment').selectOption('training');
      await page.getByRole('button', { name: 'Test both and list tables' }).click();
      await page.getByRole('checkbox', { name: 'public.parcels' }).waitFor();
    },
  },
  { name: 'job-running', title: 'A job at work', path: job, at: ({ jobs }) => ({ params: { job_id: jobs.running } }) },
  {
    name: 'job-failed',
    title: 'A job that failed',
    path: job,
    at: ({ jobs }) => ({ params: { job_id: jobs.failed } }),
  },
  tab('tables', 'Tables of a job'),
  tab('timeline', 'Timeline of a job'),
  tab('schema', 'Findings in both catalogs', (page) => page.getByText(/of 10 alike on both sides/).waitFor()),
  tab('quarantine', 'Rows put aside', (page) => page.getByText(/\d rows shown/).waitFor()),
  tab('audit', 'Audit trail of a job'),
  tab('config', 'Configuration of a job'),
  {
    name: 'conflicts',
    title: 'Conflicts of a job',
    path: `${BASE}/conflicts/{job_id}`,
    at: ({ jobs }) => ({ params: { job_id: jobs.troubled } }),
  },
  {
    name: 'conflict',
    title: 'One conflict',
    path: `${BASE}/conflicts/{job_id}/{conflict_id}`,
    at: ({ jobs, conflictId }) => ({ params: { job_id: jobs.troubled, conflict_id: conflictId } }),
  },
  { name: 'mappings', title: 'Mappings', path: `${BASE}/mappings` },
  {
    name: 'mapping',
    title: 'A draft of a mapping',
    path: `${BASE}/mappings/{name}`,
    at: () => ({ params: { name: 'parcels' }, query: '?version=2' }),
  },
  { name: 'environments', title: 'Environments', path: `${BASE}/environments` },
  {
    name: 'environment',
    title: 'One environment',
    path: `${BASE}/environments/{name}`,
    at: () => ({ params: { name: 'training' } }),
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Connect and look' }).click();
      await page.getByText('It answers: PostgreSQL').waitFor();
    },
  },
  {
    name: 'pairs',
    title: 'Pairs, and an order over them',
    path: `${BASE}/pairs`,
    at: ({ orderId }) => ({ query: `?order=${orderId}` }),
    prepare: (page) => page.getByRole('region', { name: 'Start 4 pairs' }).waitFor(),
  },
  {
    name: 'pair',
    title: 'One pair',
    path: `${BASE}/pair/{name}`,
    at: () => ({ params: { name: 'sales-to-training' } }),
  },
  { name: 'approvals', title: 'Requests for approval', path: `${BASE}/approvals` },
  { name: 'schedules', title: 'Schedules', path: `${BASE}/schedules` },
  {
    name: 'schedule',
    title: 'One schedule',
    path: `${BASE}/schedules/{name}`,
    at: () => ({ params: { name: 'nightly' } }),
  },
  { name: 'webhooks', title: 'Webhooks', path: `${BASE}/webhooks` },
  {
    name: 'webhook',
    title: 'One webhook',
    path: `${BASE}/webhooks/{name}`,
    at: () => ({ params: { name: 'operations' } }),
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Post a test' }).click();
      await page.getByText('HTTP 204').waitFor();
    },
  },
  {
    name: 'plan',
    title: 'A project, planned',
    path: `${BASE}/plan`,
    prepare: async (page) => {
      await page.getByLabel('Source environment').selectOption('production');
      await page.getByLabel('Target environment').selectOption('training');
      await page.getByLabel('Root table').fill('public.parcels');
      await page.getByLabel('Key values').fill('2\n4');
      await page.getByRole('button', { name: 'Make the plan' }).click();
      await page.getByRole('heading', { name: 'The plan' }).waitFor();
    },
    lookAt: '#plan-title',
  },
  { name: 'projects', title: 'Projects', path: `${PROJECTS}/dashboard` },
  { name: 'project-jobs', title: 'Jobs of projects', path: `${PROJECTS}/jobs` },
  {
    name: 'project-job',
    title: 'The project of a job',
    path: `${PROJECTS}/job/{job_id}`,
    at: ({ jobs }) => ({ params: { job_id: jobs.project }, query: '?tab=project' }),
    prepare: (page) => page.getByRole('row', { name: 'public.parcels' }).waitFor(),
  },
  { name: 'project-conflicts', title: 'Conflicts of projects', path: `${PROJECTS}/conflicts` },
  { name: 'sign-in', title: 'Sign in', path: `${BASE}/sign-in`, signedOut: true },
];

/** The same page as another, which stands for both. */
export const SAME_AS: Readonly<Record<string, string>> = { [`${BASE}/dashboard`]: BASE };

/** Of all pictures: each costs whoever clones the repository. */
export const MAX_BYTES = 4_500_000;

export const SCHEMES = ['light', 'dark'] as const;
/** Pixels: a desk, and a telephone. */
export const WIDTHS = [1280, 360] as const;

export const pictureName = (place: string, scheme: (typeof SCHEMES)[number], width: number): string =>
  `${place}-${scheme}-${width}.jpg`;
