import type { Command } from 'commander';
import type { WebhookTested, WebhookView } from '../lib/model/answers.ts';
import type { Globals } from './audit.ts';
import type { ConflictCommands } from './conflicts.ts';
import { EXIT } from './exit.ts';
import { columns, harmless } from './format.ts';
import { paintFor } from './io.ts';
import type { Secrets } from './secrets.ts';

interface Put extends Globals {
  readonly to?: string;
  readonly events?: string;
  readonly paused?: boolean;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const instant = (iso: string | undefined) => (iso ?? '').replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

/** What became of the last delivery, in a few words. */
function lastOf({ last, given_up }: WebhookView): string {
  const dead = given_up > 0 ? `, ${given_up} given up` : '';
  return last ? `${last.outcome} ${last.status ?? last.code ?? ''} ${instant(last.at)}${dead}` : '';
}

function renderList(webhooks: readonly WebhookView[], paint: ReturnType<typeof paintFor>): string {
  if (webhooks.length === 0) return 'No webhooks.\n';
  const heads = ['WEBHOOK', 'LEADS TO', 'EVENTS', 'LAST DELIVERY'].map((title) => ({ title }));
  const rows = webhooks.map((w) => [
    w.name,
    harmless(w.origin),
    w.paused ? { text: 'paused', style: 'yellow' as const } : w.events.join(' '),
    harmless(lastOf(w)),
  ]);
  return `${columns(heads, rows, { width: Number.POSITIVE_INFINITY, paint }).join('\n')}\n`;
}

/** A secret is told once: on a line of its own, with what to do about it. */
function renderOne(w: WebhookView): string {
  const overlap = w.overlap_until ? [`The secret before signs too, until ${instant(w.overlap_until)}.`] : [];
  return `${[
    `${w.name}: ${harmless(w.origin)}${w.paused ? ', paused' : ''}: ${w.events.join(' ')}`,
    ...(w.secret ? [`Secret, shown this once: ${harmless(w.secret)}`] : []),
    ...overlap,
  ].join('\n')}\n`;
}

const renderTest = ({ delivered, status, message }: WebhookTested): string =>
  delivered ? `Delivered: it answers ${status}.\n` : `Not delivered. ${harmless(message ?? '')}\n`;

/** Adds `tfsync webhooks` and what is below it. */
export function addWebhookCommands(
  program: Command,
  { connect, io, done, secrets }: Pick<ConflictCommands, 'connect' | 'io' | 'done'> & { readonly secrets: Secrets },
): void {
  const tell = (webhook: WebhookView, { json: asJson }: Globals) =>
    void io.stdout.write(asJson ? json(webhook) : renderOne(webhook));
  const list = async (_options: object, command: Command) => {
    const options = command.optsWithGlobals<Globals>();
    const found = await (await connect(options)).webhooks();
    io.stdout.write(options.json ? json(found) : renderList(found.webhooks, paintFor(io.stdout, io, options.color)));
  };
  const webhooks = program
    .command('webhooks')
    .description('list webhooks, with what became of the last delivery of each')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'before',
      `Examples:
  tfsync webhooks
  tfsync webhooks put ops --to https://hooks.example.org/terrafusion --events job.ended,job.paused
  tfsync webhooks test ops
`,
    )
    .action(list);
  webhooks.command('list').description('the same').option('--json', 'print the answer as JSON').action(list);

  webhooks
    .command('put')
    .description('make a webhook and print its secret, once; or change one, which keeps it')
    .argument('<name>', 'name of the webhook: lower case letters, digits, - and _')
    .option('--to <url>', 'where it leads; - reads a line of standard input; left out: where it does')
    .option('--events <types>', 'what it is told of, separated by commas; default: all')
    .option('--paused', 'it is told of nothing for now')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Put>();
      const { to, events, paused } = options;
      const api = await connect(options);
      const put = {
        ...(to !== undefined && { url: await secrets.webhookUrl(to) }),
        ...(events !== undefined && { events: events.split(',').map((type) => type.trim()) }),
        ...(paused !== undefined && { paused }),
      };
      tell(await api.putWebhook(name, put), options);
    });

  webhooks
    .command('rotate')
    .description('give a webhook another secret and print it, once; for a day the one before signs too')
    .argument('<name>', 'name of the webhook')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      tell(await (await connect(options)).rotateWebhook(name), options);
    });

  webhooks
    .command('test')
    .description('post a signed test, once, and say what it answered')
    .argument('<name>', 'name of the webhook')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const tested = await (await connect(options)).testWebhook(name);
      io.stdout.write(options.json ? json(tested) : renderTest(tested));
      done(tested.delivered ? EXIT.ok : EXIT.failed);
    });

  webhooks
    .command('delete')
    .description('delete a webhook and its secret')
    .argument('<name>', 'name of the webhook')
    .action(async (name: string, _options, command: Command) => {
      await (await connect(command.optsWithGlobals<Globals>())).deleteWebhook(name);
      io.stderr.write('Deleted.\n');
    });
}
