import type { Problem } from '../model/errors.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { CatalogDatabase } from '../ports.ts';
import { type ProjectPlan, rootKeys, rootOn } from './project-scope.ts';

type Ends = { readonly source: CatalogDatabase; readonly target: CatalogDatabase };

/** Values of the root rows that cannot be read as the type of their column. */
async function unreadable(
  { project, keyOf }: ProjectPlan,
  root: Relation,
  target: CatalogDatabase,
): Promise<Problem[]> {
  const { columns, keys } = rootKeys(project, keyOf(project.root));
  const ofKey = keys.flatMap((key) => key.map((text, i) => ({ name: columns[i] ?? '', text })));
  const ofWhere = (project.where ?? []).flatMap(({ column, value, values }) =>
    [...(values ?? []), ...(value === undefined ? [] : [value])].map((v) => ({ name: column, text: String(v) })),
  );
  const wanted = [...ofKey, ...ofWhere];
  const declared = new Map(root.columns.map((c) => [c.name, c.declared]));
  const read = await target.readAs(wanted.map(({ name, text }) => ({ text, declared: declared.get(name) ?? 'text' })));
  const bad = new Set(wanted.flatMap(({ name }, i) => (read[i] === undefined ? [name] : [])));
  return [...bad].map((name) => {
    const object = `${relationText(root)}.${name}`;
    const message = `A value given for ${object} cannot be read as ${declared.get(name)}.`;
    return {
      code: 'project_invalid',
      object,
      field: project.where ? '/config/project/where' : '/config/project/key',
      message,
    };
  });
}

/** Why the root rows of a project cannot be asked for, or that neither side has one. Reads the root table by its key. */
export async function rootProblems(plan: ProjectPlan, { source, target }: Ends): Promise<readonly Problem[]> {
  const { root } = plan.project;
  const table = plan.pairs.get(root)?.target;
  if (!table) throw new TypeError('the root was not found fit for a project');
  const bad = await unreadable(plan, table, target);
  if (bad.length > 0) return bad;
  const found = await Promise.all([source.hasRoots(rootOn(plan, 'source')), target.hasRoots(rootOn(plan, 'target'))]);
  if (found.includes(true)) return [];
  const message = `Neither side has a row of ${root} that the project names.`;
  return [{ code: 'project_not_found', object: root, field: '/config/project', message }];
}
