import type { Command } from 'commander';
import { CommandError, EXIT } from '../../cli/exit.ts';

/** Makes a wrong command line end as that of `tfsync` does, and say where the options are. */
export const refusing = (command: Command): Command =>
  command
    .showHelpAfterError('All options: --help')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.ok : EXIT.refused));

/** What the process ends with after an error that nobody has taken. */
export const exitCodeAfter = (error: unknown): number => (error instanceof CommandError ? error.exitCode : EXIT.failed);
