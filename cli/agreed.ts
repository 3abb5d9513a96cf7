import { createInterface } from 'node:readline/promises';
import { CommandError, EXIT } from './exit.ts';
import type { Io } from './io.ts';

/** Asks a person; `without` says what to add to the command where nobody can be asked. */
export async function agreed(question: string, without: string, { stdin, stderr }: Io): Promise<boolean> {
  if (!stdin.isTTY) throw new CommandError(`Nobody can be asked here: ${without}`, EXIT.refused);
  stderr.write(question);
  const lines = createInterface({ input: stdin });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}
