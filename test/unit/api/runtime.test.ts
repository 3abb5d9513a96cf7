import { describe, expect, it, vi } from 'vitest';
import { jsonLog, loggable } from '../../../functions/aws/log.ts';
import { wire } from '../../../functions/runtime.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { Secret } from '../../../lib/model/secret.ts';

describe('the composition root', () => {
  it('wires without any variable, and names the one that is missing when it is used', () => {
    const { settings } = wire({});

    expect(() => settings.jobsTable).toThrow('JOBS_TABLE is not set');
    expect(() => settings.syncTableArn).toThrow('SYNC_TABLE_ARN is not set');
    expect(() => wire({ SECRET_PREFIX: '' }).settings.secretPrefix).toThrow('SECRET_PREFIX is not set');
  });

  it('reads each setting from its variable', () => {
    const { settings } = wire({
      JOBS_TABLE: 'j',
      SEGMENT_QUEUE_URL: 'q',
      TLS_POLICY: 'verify_full',
      ALLOWED_DATABASE_HOSTS: 'db.example.org',
      SERVICE_VERSION: '1',
    });

    expect(settings).toMatchObject({ jobsTable: 'j', segmentQueueUrl: 'q', tlsPolicy: 'verify_full', version: '1' });
    expect(settings.hostPolicy.byName('db.example.org')).toBe(true);
    expect(() => wire({ ALLOWED_DATABASE_HOSTS: 'a b' }).settings.hostPolicy).toThrow('ALLOWED_DATABASE_HOSTS: "a b"');
    expect(() => wire({ TLS_POLICY: 'none' }).settings.tlsPolicy).toThrow('TLS_POLICY must be one of');
  });

  it('fails a store call for lack of its table name without asking AWS', async () => {
    await expect(wire({}).jobs.get('x')).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('the log', () => {
  const driver = Object.assign(new Error('Key (email)=(c4n4ry)\n    at c4n4ry:1:1'), {
    code: '23505',
    detail: 'c4n4ry',
    table: 'c4n4ry',
  });

  it('keeps of foreign errors name and code, of ours the message, and of neither a row value or a secret', () => {
    const ours = new SyncError('row_rejected', 'the target refused a row', { cause: driver, facts: { segment: 3 } });

    const logged = loggable({ error: ours, list: [driver, new Secret('c4n4ry')], n: 10n });

    expect(logged).toMatchObject({
      error: {
        name: 'SyncError',
        code: 'row_rejected',
        message: 'the target refused a row',
        facts: { segment: 3 },
        cause: { name: 'Error', code: '23505' },
      },
      list: [{ code: '23505' }, '[redacted]'],
      n: '10',
    });
    expect(JSON.stringify(logged)).not.toContain('c4n4ry');
  });

  it('survives a value that contains itself', () => {
    const error = new Error('x');
    error.cause = { error };

    expect(() => JSON.stringify(loggable({ error }))).not.toThrow();
  });

  it('writes one JSON line', () => {
    const lines: string[] = [];
    const keep = (text: unknown) => lines.push(String(text)) > 0;
    const write = [process.stdout, process.stderr].map((out) => vi.spyOn(out, 'write').mockImplementation(keep));
    const log = jsonLog({ service: 'test', function: 'f', version: '9', stack: 's' }, () => new Date(0));

    log.error('a\nb', { job_id: 'j', level: 'DEBUG', error: driver });
    for (const spy of write) spy.mockRestore();

    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'ERROR',
      message: 'a\nb',
      timestamp: '1970-01-01T00:00:00.000Z',
      function: 'f',
      version: '9',
      job_id: 'j',
    });
    expect(lines[0]).not.toContain('c4n4ry');
  });
});
