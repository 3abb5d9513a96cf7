import { expect, test } from 'vitest';
import { refuseOtherPages } from '../../../local/gateway/no-auth.ts';

// Without sign-in every call that is let in is the administrator's.
test.each([
  ['a program', '127.0.0.1:5000', undefined],
  ['a page of the service', '127.0.0.1:5000', 'http://127.0.0.1:5000'],
  ['a page of the service by name', 'localhost:5000', 'http://localhost:5000'],
  ['a page of the service over IPv6', '[::1]:5000', 'http://[::1]:5000'],
])('%s is let in', (_who, host, origin) => {
  expect(refuseOtherPages({ host, ...(origin && { origin }) }, '/api/sync/jobs')).toBeUndefined();
});

test.each([
  ['a page of another site', '127.0.0.1:5000', 'https://evil.example'],
  ['a page of another port of this machine', '127.0.0.1:5000', 'http://127.0.0.1:3000'],
  ['a page of this machine by its other name', '127.0.0.1:5000', 'http://localhost:5000'],
  ['a page without an origin to name', '127.0.0.1:5000', 'null'],
  ['a name that was made to lead here', 'evil.example:5000', undefined],
  ['a page of a name that was made to lead here', 'evil.example:5000', 'http://evil.example:5000'],
  ['a page that claims TLS', '127.0.0.1:5000', 'https://127.0.0.1:5000'],
])('%s is refused', (_who, host, origin) => {
  expect(refuseOtherPages({ host, ...(origin && { origin }) }, '/api/sync/jobs')?.status).toBe(403);
});
