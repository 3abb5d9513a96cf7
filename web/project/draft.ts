import type { ProblemItem } from '../../lib/model/answers.ts';
import { fieldOf, stepsOf } from '../start/field-errors.ts';

/** A project as it is typed. What is not given is ''. */
export interface ProjectDraft {
  readonly root: string;
  readonly by: 'key' | 'where';
  /** A key a line: a value as it is, a text in quotes as JSON has it, or an object with a value for each column. */
  readonly keys: string;
  /** A list of conditions as JSON. */
  readonly where: string;
  /** A name a line. */
  readonly include: string;
  readonly exclude: string;
  readonly depth: string;
  readonly parents: string;
}

export const noDraft: ProjectDraft = {
  root: '',
  by: 'key',
  keys: '',
  where: '',
  include: '',
  exclude: '',
  depth: '',
  parents: 'insert',
};

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** A key as its line has it. What only begins like JSON is a text. */
function keyIn(line: string): unknown {
  if (!/^["{]/.test(line)) return line;
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** The line of a key; read again it is the same key, numbers as their text. */
function lineOf(key: unknown): string {
  if (typeof key === 'object') return JSON.stringify(key);
  const text = String(key);
  return text === '' || text !== text.trim() || /^["{]|[\r\n]/.test(text) ? JSON.stringify(text) : text;
}

/** The field `project` of a config, as JSON; '' for a draft in which nothing is given, no JSON for conditions that are none. */
export function projectText(draft: ProjectDraft): string {
  const { root, by, keys, where, include, exclude, depth, parents } = draft;
  if (JSON.stringify(draft) === JSON.stringify(noDraft)) return '';
  const roots = linesOf(keys).map(keyIn);
  const conditions = where.trim() === '' ? undefined : jsonIn(where);
  if (by === 'where' && conditions?.json === undefined && where.trim() !== '') return where;
  return JSON.stringify({
    root: root.trim(),
    ...(by === 'key' && roots.length > 0 && { key: roots.length === 1 ? roots[0] : roots }),
    ...(by === 'where' && conditions && { where: conditions.json }),
    ...listOf('include', include),
    ...listOf('exclude', exclude),
    ...(depth.trim() !== '' && { depth: numberIn(depth.trim()) }),
    ...(parents !== noDraft.parents && { parents }),
  });
}

const listOf = (name: 'include' | 'exclude', text: string) =>
  linesOf(text).length === 0 ? {} : { [name]: linesOf(text) };

const numberIn = (text: string): number | string => (Number.isFinite(Number(text)) ? Number(text) : text);

function jsonIn(text: string): { readonly json?: unknown } {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return {};
  }
}

/** A project of a job as somebody would have typed it. `text`: of `projectText`, or of a config. */
export function draftOf(text: string): ProjectDraft {
  const found = text === '' ? undefined : (jsonIn(text).json as Readonly<Record<string, unknown>> | undefined);
  if (!found) return noDraft;
  const { root, key, where, include, exclude, depth, parents } = found;
  const keys = key === undefined ? [] : Array.isArray(key) ? key : [key];
  const names = (list: unknown) => (Array.isArray(list) ? list.join('\n') : '');
  return {
    root: String(root ?? ''),
    by: where === undefined ? 'key' : 'where',
    keys: keys.map(lineOf).join('\n'),
    where: where === undefined ? '' : JSON.stringify(where, null, 2),
    include: names(include),
    exclude: names(exclude),
    depth: depth === undefined ? '' : String(depth),
    parents: String(parents ?? noDraft.parents),
  };
}

const FIELDS = ['root', 'key', 'where', 'include', 'exclude', 'depth', 'parents'] as const;
export type ProjectField = (typeof FIELDS)[number];

/** What the service says of a project, by the field of it; `whole`: of none in particular. */
export function errorsByField(
  items: readonly ProblemItem[],
): ReadonlyMap<ProjectField | 'whole', readonly ProblemItem[]> {
  return Map.groupBy(items, ({ field }) => {
    const [, , step] = stepsOf(field);
    return (fieldOf(field) === 'config/project' && FIELDS.find((name) => name === step)) || 'whole';
  });
}
