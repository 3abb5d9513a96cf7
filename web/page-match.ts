/** The parts of `path` that stand in braces, decoded, where `pathname` is of its form; undefined where it is not. */
export function paramsIn(path: string, pathname: string): Readonly<Record<string, string>> | undefined {
  const names = path.split('/');
  const given = pathname.replace(/\/$/, '').split('/');
  if (names.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, name] of names.entries()) {
    const part = given[at] ?? '';
    if (!name.startsWith('{')) {
      if (name !== part) return undefined;
    } else {
      if (part === '') return undefined;
      params[name.slice(1, -1)] = decoded(part);
    }
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // the service will say that it is no id
  }
}

/** As much of a page as the navigation goes by. */
interface Listed {
  readonly path: string;
  readonly beside?: true;
  readonly nav?: string;
  readonly under?: string;
}

/** What `aria-current` says of a page of the navigation: whether it is shown itself, or one that belongs to it. */
export function currentIn(item: Listed, shown: Listed | undefined): 'page' | 'true' | undefined {
  if (!shown) return undefined;
  if (item === shown) return 'page';
  const below = item.path !== '' && shown.beside === item.beside && shown.path.startsWith(`${item.path}/`);
  return below || (item.nav !== undefined && shown.under === item.nav) ? 'true' : undefined;
}
