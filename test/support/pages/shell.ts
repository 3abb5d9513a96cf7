/**
 * The commands of a script that documents show, each as its words: one a line, or joined by `&&` or `;`. Understands single and double
 * quotes, comments, variables before a command, redirections and a backslash at the end of a line; no loops, no pipes.
 */
export function shellCommands(script: string): readonly (readonly string[])[] {
  return script
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => commandsOf(wordsOf(line)));
}

/** Words of a line; a comment ends it. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (const [word, comment] of line.matchAll(/(#.*)|(?:'[^']*'|"[^"]*"|[^\s'"#;]|(?<=\S)#)+|;/g)) {
    if (comment !== undefined) break;
    words.push(word.replaceAll(/['"]/g, ''));
  }
  return words;
}

function commandsOf(words: readonly string[]): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const word of words) {
    if (word === '&&' || word === ';') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  return commands.map(withoutShell).filter((command) => command.length > 0);
}

/** Without variables before the program and redirections after it. */
function withoutShell(command: readonly string[]): readonly string[] {
  const program = command.findIndex((word) => !/^\w+=/.test(word));
  const own = program < 0 ? command.slice(0, 1) : command.slice(program);
  const redirection = own.findIndex((word) => /^[<>]/.test(word));
  return redirection < 0 ? own : own.slice(0, redirection);
}

/** Long options that a help text tells. */
export const optionsIn = (help: string): ReadonlySet<string> =>
  new Set([...help.matchAll(/(?<=^ {2}(?:-\w, )?)--[a-z-]+/gm)].map((m) => m[0]));
