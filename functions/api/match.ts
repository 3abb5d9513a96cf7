import { SyncError } from '../../lib/model/errors.ts';
import type { Route } from './route.ts';

type Declared = Pick<Route, 'method' | 'path'>;

export interface Match<R extends Declared = Route> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a call. Throws `route_not_found`, or `method_not_allowed` with the methods there are in `facts.allow`. */
export function matchRoute<R extends Declared>(routes: readonly R[], method: string, path: string): Match<R> {
  const fitting = routes.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params ? [{ route, params, open: Object.keys(params).length }] : [];
  });
  // a word in a path is not also a value in another one: /x/resolve-all is no /x/{id}
  const here = fitting.filter(({ open }) => open === Math.min(...fitting.map((f) => f.open)));
  const match = here.find(({ route }) => route.method === method);
  if (match) return { route: match.route, params: match.params };
  if (here.length === 0) throw new SyncError('route_not_found', 'there is no such path');
  const allow = [...new Set(here.map(({ route }) => route.method))].sort();
  throw new SyncError('method_not_allowed', `this path takes ${allow.join(', ')}`, { facts: { allow } });
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const found = path.split('/');
  if (wanted.length !== found.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = found[i] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined && part !== value) return undefined;
    if (name !== undefined) params[name] = decoded(value);
  }
  return params;
}

/** A value that cannot be decoded stays as it is: no schema accepts a %. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
