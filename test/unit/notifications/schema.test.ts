import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { NOTIFICATION_TYPES, notification, SUBSCRIBABLE } from '../../../lib/model/notification.ts';

const FILE = 'docs/notifications.schema.json';
const schema = () =>
  `${JSON.stringify({ title: 'TerraFusion Sync notification', ...z.toJSONSchema(notification) }, null, 2)}\n`;

if (process.env.UPDATE_DOCS) writeFileSync(FILE, schema());

test('the schema in docs is the shape that is sent', () => {
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(JSON.parse(schema()));
});

test('every type has a shape, and a webhook can ask for all but its own test', () => {
  expect(notification.options.map((o) => o.shape.type.value).sort()).toEqual([...NOTIFICATION_TYPES].sort());
  expect(NOTIFICATION_TYPES.filter((type) => !SUBSCRIBABLE.some((known) => known === type))).toEqual(['webhook.test']);
});

test('the example in docs is one', () => {
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync('docs/notifications.md', 'utf8')) ?? [];

  expect(notification.safeParse(JSON.parse(example)).error).toBeUndefined();
});
