import { execFileSync } from 'node:child_process';
import { tfsync } from '../../unit/cli/fake-service.ts';
import { fenced } from './markdown.ts';

/** Names below `Commands:` of a help text, `help` left out. */
const commandsIn = (help: string) =>
  [...(help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}([a-z][\w-]*)/gm)]
    .map((m) => m[1] ?? '')
    .filter((name) => name !== 'help');

/** Help of every command by its words after `tfsync`, the outer ones first; the program's own is under the empty text. */
export async function helpTexts(command: readonly string[] = []): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await tfsync([...command, '--help']);
  const inner = await Promise.all(commandsIn(stdout).map((name) => helpTexts([...command, name])));
  return new Map([[command.join(' '), stdout], ...inner.flatMap((texts) => [...texts])]);
}

export const cliPage = async () =>
  [...(await helpTexts())]
    .map(([words, text]) => `### ${`tfsync ${words}`.trim()}\n\n${fenced('text', text)}`)
    .join('\n\n');

const help = (program: string) => execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' });

/** Help of the programs that run the service on one machine. */
export const localHelp = () =>
  [
    `### npm start\n\n${fenced('text', help('local/start.ts'))}`,
    `### npm run serve\n\n${fenced('text', help('local/serve.ts'))}`,
  ].join('\n\n');
