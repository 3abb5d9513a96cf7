import { CLIENT_CONFIG_PATH } from '../../lib/model/sign-in.ts';

/**
 * One path of the web UI, declared once: API Gateway, the local gateway and a table of docs/web-ui.md derive from it.
 *
 * `answers`: the one HTML document, in which the browser finds its page by the path; a file that the document loads; what
 * a client must know to sign in; or the way to the dashboard. Open: none of them holds data. What the pages show comes from the API, with a token.
 */
export interface Page {
  readonly method: 'GET';
  /** In API Gateway form. */
  readonly path: string;
  readonly role: 'open';
  readonly runs: 'web';
  readonly answers: 'document' | 'file' | 'redirect' | 'config';
  readonly summary: string;
}

/** Where the UI lives; also the base of every address in the built document. */
export const WEB_BASE = '/sync/terra_fusion';
/** Where the pages of the original service live, which synced projects; beside the others, and made of the same files. */
export const PROJECT_BASE = '/sync';
/** Folder of scripts, styles and pictures, below the base; their names carry a hash of their content. */
export const FILES_FOLDER = 'assets';

/** Where the identity provider leads back to. */
export const SIGN_IN_PATH = `${WEB_BASE}/sign-in`;

const page = (path: string, answers: Page['answers'], summary: string): Page => ({
  method: 'GET',
  path,
  role: 'open',
  runs: 'web',
  answers,
  summary,
});

/** Every path of the web UI: one line each. */
export const pages: readonly Page[] = [
  page('/', 'redirect', 'Leads to the dashboard'),
  page(WEB_BASE, 'document', 'Dashboard: health and jobs'),
  page(`${WEB_BASE}/dashboard`, 'document', 'The same'),
  page(`${WEB_BASE}/start`, 'document', 'Start a job: databases, tables, options, dry run'),
  page(SIGN_IN_PATH, 'document', 'Sign-in; the identity provider leads back to it'),
  page(CLIENT_CONFIG_PATH, 'config', 'What a client must know to sign in: issuer, client id, scopes'),
  page(`${WEB_BASE}/job/{job_id}`, 'document', 'One job: state, progress by table, stop and resume'),
  page(`${WEB_BASE}/conflicts/{job_id}`, 'document', 'Conflicts of a job: filters, keys, decide many alike'),
  page(
    `${WEB_BASE}/conflicts/{job_id}/{conflict_id}`,
    'document',
    'One conflict: base, source, target and result, shapes on a map, decide it',
  ),
  page(`${WEB_BASE}/mappings`, 'document', 'Stored mappings'),
  page(
    `${WEB_BASE}/mappings/{name}`,
    'document',
    'One mapping: its versions, what one changes, write, approve and retire it',
  ),
  page(`${WEB_BASE}/environments`, 'document', 'Named databases, and what may be done with them'),
  page(`${WEB_BASE}/environments/{name}`, 'document', 'One environment: test, change, delete it'),
  page(`${WEB_BASE}/pairs`, 'document', 'Kept pairs: filters, and orders over many of them'),
  page(`${WEB_BASE}/pair/{name}`, 'document', 'One pair: its last jobs, change, delete it'),
  page(`${WEB_BASE}/approvals`, 'document', 'Requests to write to protected environments'),
  page(`${WEB_BASE}/schedules`, 'document', 'Schedules: last and next runs'),
  page(`${WEB_BASE}/schedules/{name}`, 'document', 'One schedule: runs, change, pause, delete it'),
  page(`${WEB_BASE}/webhooks`, 'document', 'Webhooks: what became of the last delivery of each'),
  page(`${WEB_BASE}/webhooks/{name}`, 'document', 'One webhook: test, change, give another secret, delete it'),
  page(`${WEB_BASE}/plan`, 'document', 'Plan a project and start it: its rows, their tables, rows of both sides'),
  page(`${PROJECT_BASE}/dashboard`, 'document', 'Projects: root tables, latest jobs, open conflicts'),
  page(`${PROJECT_BASE}/jobs`, 'document', 'Jobs of projects'),
  page(`${PROJECT_BASE}/job/{job_id}`, 'document', 'One job of a project, with the plan of it'),
  page(`${PROJECT_BASE}/conflicts`, 'document', 'Open conflicts of all projects'),
  page(`${WEB_BASE}/${FILES_FOLDER}/{file}`, 'file', 'Scripts and styles of the pages'),
];
