import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { LEVELS, SUITES } from './levels.ts';

const USAGE = `npm run faults -- [--level ${Object.keys(LEVELS).join('|')}] [--suite ${Object.keys(SUITES).join('|')}] [--seed N] [--from N] [--minutes N]

Random schedules with injected faults, and the mistakes that they must see. With --minutes each suite begins
nothing new after that time, and the figures say what ran; --from begins at the schedule where an earlier run was cut off. Ends with 1 when something broke; each line
SEED=... says how to see it again.`;

const { values } = parseArgs({
  options: {
    level: { type: 'string', default: 'pr' },
    suite: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    minutes: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const known = values.level in LEVELS && (values.suite === undefined || values.suite in SUITES);
const numbers = [values.seed, values.from, values.minutes].every((n) => n === undefined || /^\d+$/.test(n));
if (values.help || !known || !numbers) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
const suite = values.suite as keyof typeof SUITES | undefined; // known
const files = suite ? [`test/faults/${SUITES[suite]}`] : ['test/faults'];
const named = suite && SUITES[suite] !== suite ? ['-t', `^${suite} `] : []; // one of several in its file
const { status } = spawnSync('vitest', ['run', '--project', 'whole', ...named, ...files], {
  stdio: 'inherit',
  env: {
    ...process.env,
    FAULTS_LEVEL: values.level,
    ...(values.seed !== undefined && { FAULTS_SEED: values.seed }),
    ...(values.from !== undefined && { FAULTS_FROM: values.from }),
    ...(values.minutes !== undefined && { FAULTS_MINUTES: values.minutes }),
  },
});
process.exit(status ?? 1);
