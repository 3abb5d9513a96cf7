import type { JobConfig } from '../../lib/model/config.ts';
import type { ProjectPlanView } from '../../lib/model/project-plan.ts';

type Project = NonNullable<JobConfig['project']>;
type Tables = ProjectPlanView['tables'];

/** More keys than these are counted and not named. */
const MOST_KEYS = 3;

const keyText = (key: unknown): string =>
  typeof key === 'object' && key !== null
    ? Object.entries(key)
        .map(([column, value]) => `${column} ${value}`)
        .join(', ')
    : String(key);

/** The root rows of a project in a few words. */
export function rowsOf({ key, where }: Pick<Project, 'key' | 'where'>): string {
  if (where)
    return `where ${where
      .map(({ column, op, value, values }) =>
        [column, op, ...(values ?? (value === undefined ? [] : [value]))].join(' '),
      )
      .join(' and ')}`;
  const keys: readonly unknown[] = key === undefined ? [] : Array.isArray(key) ? key : [key];
  return keys.length > MOST_KEYS ? `${keys.length} keys` : `key ${keys.map(keyText).join('; ')}`;
}

interface Words {
  readonly text: string;
  readonly meaning: string;
}

const ROLE_WORDS: Readonly<Record<Tables[number]['role'], Words>> = {
  root: { text: 'root', meaning: 'The rows that the project begins with.' },
  child: { text: 'child', meaning: 'Its rows refer to rows of the project.' },
  parent: { text: 'parent', meaning: 'Rows of the project refer to its rows; they belong to no project alone.' },
  both: {
    text: 'child and parent',
    meaning: 'Some of its rows refer to rows of the project, some are only referred to.',
  },
};

const ROOT_AND_PARENT: Words = {
  text: 'root and parent',
  meaning: 'The rows that the project begins with, and others that are only referred to.',
};

/** What a table is in a project, for people; no way leads from the root to itself. */
export const roleOf = ({ role, path }: Pick<Tables[number], 'role' | 'path'>): Words =>
  role === 'both' && path.length === 0 ? ROOT_AND_PARENT : (ROLE_WORDS[role] ?? { text: role, meaning: '' });

/** Rows of all tables on a side; undefined where those of a table could not be counted in time. */
export function rowsIn(tables: Tables, side: 'source' | 'target'): number | undefined {
  const counts = tables.map(({ rows }) => rows[side]);
  return counts.includes(null) ? undefined : counts.reduce<number>((sum, n) => sum + (n ?? 0), 0);
}
