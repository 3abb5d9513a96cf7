import { expect, test } from 'vitest';
import { MASK_KEY_SETTING } from '../../../lib/model/mask.ts';
import { Secret } from '../../../lib/model/secret.ts';
import { openSession } from '../../../lib/postgres/session.ts';
import { createPair } from '../../support/databases.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';

const KEY = new Secret('c4'.repeat(32));

test('a session has the key of its masks as a setting, and no statement of it has', async () => {
  await using pair = await createPair();
  const options = {
    side: 'source',
    applicationName: 'mask-key',
    rules: ON_ONE_MACHINE,
    statementTimeoutMs: 0,
  } as const;
  const masking = await openSession(pair.source.connection, { ...options, maskKey: KEY });
  const other = await openSession(pair.source.connection, options);
  try {
    const setting = `select current_setting('${MASK_KEY_SETTING}', true)`;
    const seen = await pair.source.client.query(
      `select query from pg_stat_activity where application_name = 'mask-key'`,
    );

    expect(await masking.query(setting)).toEqual([[KEY.reveal()]]);
    expect(await other.query(setting)).toEqual([[null]]);
    expect(seen.rows).toHaveLength(2);
    expect(JSON.stringify(seen.rows)).not.toContain(KEY.reveal());
  } finally {
    await Promise.all([masking.end(), other.end()]);
  }
});
