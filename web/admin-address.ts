import { BASE } from './address.ts';

// Where mappings, environments, requests for approval, schedules and webhooks are shown, and what the API calls them.

export const mappingsPath = `${BASE}/mappings`;
export const mappingPath = (name: string, version?: number): string =>
  `${mappingsPath}/${encodeURIComponent(name)}${version === undefined ? '' : `?version=${version}`}`;
export const environmentsPath = `${BASE}/environments`;
export const environmentPath = (name: string): string => `${environmentsPath}/${encodeURIComponent(name)}`;
export const approvalsPath = `${BASE}/approvals`;
export const schedulesPath = `${BASE}/schedules`;
export const schedulePath = (name: string): string => `${schedulesPath}/${encodeURIComponent(name)}`;
export const webhooksPath = `${BASE}/webhooks`;
export const webhookPath = (name: string): string => `${webhooksPath}/${encodeURIComponent(name)}`;

export const mappingApi = (name: string): string => `/api/sync/mappings/${encodeURIComponent(name)}`;
export const environmentApi = (name: string): string => `/api/sync/environments/${encodeURIComponent(name)}`;
export const approvalApi = (id: string): string => `/api/sync/approvals/${encodeURIComponent(id)}`;
export const scheduleApi = (name: string): string => `/api/sync/schedules/${encodeURIComponent(name)}`;
export const webhookApi = (name: string): string => `/api/sync/webhooks/${encodeURIComponent(name)}`;
