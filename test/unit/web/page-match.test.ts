import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { PROJECT_BASE, pages, SIGN_IN_PATH, WEB_BASE } from '../../../functions/web/pages.ts';
import { currentIn, paramsIn } from '../../../web/page-match.ts';

test('the navigation marks the page that is shown, and the one that it belongs to', () => {
  const [jobs, mappings, mapping] = [
    { path: '', nav: 'Jobs' },
    { path: '/mappings', nav: 'Mappings' },
    { path: '/mappings/{name}' },
  ];
  const [projects, ofProjects] = [
    { path: '/dashboard', beside: true as const, nav: 'Projects' },
    { path: '/jobs', beside: true as const, under: 'Projects' },
  ];

  const marked = (shown: typeof mapping | undefined) =>
    [jobs, mappings, projects].map((item) => currentIn(item, shown) ?? '');

  expect(marked(mappings)).toEqual(['', 'page', '']);
  expect(marked(mapping)).toEqual(['', 'true', '']);
  expect(marked(ofProjects)).toEqual(['', '', 'true']);
  expect(marked(undefined)).toEqual(['', '', '']);
});

describe('the page of an address', () => {
  it.each([
    ['', '', {}],
    ['/job/{job_id}', '/job/a%2Fb%20c', { job_id: 'a/b c' }],
    ['/job/{job_id}', '/job/x/', { job_id: 'x' }],
    ['/job/{job_id}', '/job/%E0%A4%A', { job_id: '%E0%A4%A' }],
    ['/job/{job_id}', '/job/', undefined],
    ['/job/{job_id}', '/job/a/b', undefined],
    ['/job/{job_id}', '/jobs/a', undefined],
    ['/conflicts/{job_id}/{conflict_id}', '/conflicts/j/c', { job_id: 'j', conflict_id: 'c' }],
  ])('%s in %s', (path, pathname, params) => {
    expect(paramsIn(path, pathname)).toEqual(params);
  });

  it('is served under every path that the browser knows a page for, and the other way round', () => {
    const known = readFileSync(new URL('../../../web/pages.ts', import.meta.url), 'utf8');
    const shown = [...known.matchAll(/\{\s*(beside: true,\s*)?path: '([^']*)',\s*show:/g)].map(
      ([, beside, path]) => (beside ? PROJECT_BASE : WEB_BASE) + path,
    );

    const served = pages
      .filter(({ answers, path }) => answers === 'document' && path !== SIGN_IN_PATH) // the frame shows that one
      .map(({ path }) => path);
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.sort()).toEqual(served.sort());
  });
});
