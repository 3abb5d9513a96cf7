import type { ComponentType } from 'preact';
import type { WebAction } from '../lib/model/web-actions.ts';
import { BASE, PROJECT_BASE } from './address.ts';
import { lazyPage } from './lazy-page.tsx';
import type { PageParams } from './page-params.ts';
import { DashboardPage } from './pages/dashboard.tsx';
import { JobPage } from './pages/job.tsx';
import { StartPage } from './pages/start.tsx';

/** One page of the UI; functions/web/pages.ts has the same paths. */
export interface WebPage {
  /** Below the base, in API Gateway form; '' is the dashboard. */
  readonly path: string;
  /** It is one of the original service, and lies beside the base. */
  readonly beside?: true;
  /** Made anew when its parameters change. */
  readonly show: ComponentType<{ readonly params: PageParams }>;
  /** Its words in the navigation; absent: nothing leads there but other pages. */
  readonly nav?: string;
  /** The words in the navigation of the page that it belongs to; those below the path of one belong to it anyway. */
  readonly under?: string;
  /** Without the role for this the page is of no use: nothing leads there. */
  readonly needs?: WebAction;
}

/** Every page: one line each, in the order of the navigation. */
export const webPages: readonly WebPage[] = [
  { path: '', show: DashboardPage, nav: 'Jobs' },
  { path: '/dashboard', show: DashboardPage, under: 'Jobs' },
  { path: '/start', show: StartPage, nav: 'Start', needs: 'full' },
  { path: '/job/{job_id}', show: JobPage, under: 'Jobs' },
  {
    path: '/conflicts/{job_id}',
    show: lazyPage(async () => (await import('./pages/conflicts.tsx')).ConflictsPage),
    under: 'Jobs',
  },
  {
    path: '/conflicts/{job_id}/{conflict_id}',
    show: lazyPage(async () => (await import('./pages/conflict.tsx')).ConflictPage),
    under: 'Jobs',
  },
  {
    path: '/mappings',
    show: lazyPage(async () => (await import('./pages/mappings.tsx')).MappingsPage),
    nav: 'Mappings',
  },
  { path: '/mappings/{name}', show: lazyPage(async () => (await import('./pages/mapping.tsx')).MappingPage) },
  {
    path: '/environments',
    show: lazyPage(async () => (await import('./pages/environments.tsx')).EnvironmentsPage),
    nav: 'Environments',
  },
  {
    path: '/environments/{name}',
    show: lazyPage(async () => (await import('./pages/environment.tsx')).EnvironmentPage),
  },
  {
    path: '/pairs',
    show: lazyPage(async () => (await import('./pages/pairs.tsx')).PairsPage),
    nav: 'Pairs',
  },
  { path: '/pair/{name}', show: lazyPage(async () => (await import('./pages/pair.tsx')).PairPage) },
  { path: '/approvals', show: lazyPage(async () => (await import('./pages/approvals.tsx')).ApprovalsPage) },
  {
    path: '/schedules',
    show: lazyPage(async () => (await import('./pages/schedules.tsx')).SchedulesPage),
    nav: 'Schedules',
    needs: 'seeSchedules',
  },
  { path: '/schedules/{name}', show: lazyPage(async () => (await import('./pages/schedule.tsx')).SchedulePage) },
  {
    path: '/webhooks',
    show: lazyPage(async () => (await import('./pages/webhooks.tsx')).WebhooksPage),
    nav: 'Webhooks',
    needs: 'seeWebhooks',
  },
  { path: '/webhooks/{name}', show: lazyPage(async () => (await import('./pages/webhook.tsx')).WebhookPage) },
  {
    beside: true,
    path: '/dashboard',
    show: lazyPage(async () => (await import('./pages/projects.tsx')).ProjectsPage),
    nav: 'Projects',
  },
  {
    beside: true,
    path: '/jobs',
    show: lazyPage(async () => (await import('./pages/project-jobs.tsx')).ProjectJobsPage),
    under: 'Projects',
  },
  {
    beside: true,
    path: '/job/{job_id}',
    show: lazyPage(async () => (await import('./pages/project-job.tsx')).ProjectJobPage),
    under: 'Projects',
  },
  {
    beside: true,
    path: '/conflicts',
    show: lazyPage(async () => (await import('./pages/project-conflicts.tsx')).ProjectConflictsPage),
    under: 'Projects',
  },
  { path: '/plan', show: lazyPage(async () => (await import('./pages/plan.tsx')).PlanPage), under: 'Projects' },
];

/** Where the page lies. */
export const pageHref = ({ path, beside }: WebPage): string => (beside ? PROJECT_BASE : BASE) + path;
