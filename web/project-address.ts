import { BASE, PROJECT_BASE, type Query, withQuery } from './address.ts';

// Where projects are shown, and what the API calls them.

export const projectsPath = `${PROJECT_BASE}/dashboard`;
export const projectJobsPath = (query: Query = {}): string => withQuery(`${PROJECT_BASE}/jobs`, query);
export const projectJobPath = (jobId: string, query: Query = {}): string =>
  withQuery(`${PROJECT_BASE}/job/${encodeURIComponent(jobId)}`, query);
export const projectConflictsPath = (query: Query = {}): string => withQuery(`${PROJECT_BASE}/conflicts`, query);

/** The page that plans a project; `from`: a job whose project it begins with. */
export const planPath = (from?: string): string => withQuery(`${BASE}/plan`, { from });

export const projectJobApi = (jobId: string): string => `/api/sync/projects/job/${encodeURIComponent(jobId)}`;
