import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { authorise } from '../../../functions/api/caller.ts';
import { routes } from '../../../functions/api/routes/index.ts';
import { webFacts } from '../../../infra/web-facts.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { ROLES } from '../../../lib/model/roles.ts';
import { WEB_ACTIONS, type WebAction } from '../../../lib/model/web-actions.ts';
import { lackingRole, personOf, roleOf } from '../../../web/person.ts';

const { needed } = webFacts();
const tokenWith = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
const CLAIM = 'cognito:groups';
const actions = Object.entries(WEB_ACTIONS) as [WebAction, string][];

describe('what the pages offer to a role', () => {
  it.each(actions)('%s is offered to whom %s lets in, and nobody else', (action, said) => {
    const route = routes.find(({ method, path }) => `${method} ${path}` === said);

    for (const role of [...ROLES, 'a-group-that-is-no-role']) {
      const person = { name: 'someone', roles: [role] };
      const offered = lackingRole(needed[action], person);
      let refused: unknown;
      try {
        authorise(route?.role ?? 'admin', { actor: 'someone', roles: [role] });
      } catch (error) {
        refused = error instanceof SyncError && error.facts?.needed_role;
      }
      expect({ role, lacks: offered }).toEqual({ role, lacks: refused });
    }
  });

  it('is everything where the token cannot be read: the API decides', () => {
    for (const [action] of actions) expect(lackingRole(needed[action], undefined)).toBeUndefined();
  });

  it('is asked about for each action', () => {
    const pages = globSync('web/**/*.{ts,tsx}').map((file) => readFileSync(file, 'utf8'));

    for (const [action] of actions)
      expect(pages.some((text) => text.includes(`'${action}'`) || text.includes(`"${action}"`))).toBe(true);
  });
});

describe('who a token names', () => {
  it.each([
    ['a list', ['viewer', 'admin'], ['viewer', 'admin'], 'admin'],
    ['text', 'operator resolver', ['operator', 'resolver'], 'resolver'],
    ['no role', ['staff'], ['staff'], undefined],
    ['nothing', undefined, [], undefined],
  ])('with %s in the claim of its roles', (_, claim, roles, highest) => {
    const person = personOf(tokenWith({ username: 'Zoë Ångström 😀', sub: '1', [CLAIM]: claim }), CLAIM);

    expect(person).toEqual({ name: 'Zoë Ångström 😀', roles });
    expect(person && roleOf(person)).toBe(highest);
  });

  it('by the claim that the service is told to look at, whatever the others say', () => {
    const token = tokenWith({ sub: 'a', [CLAIM]: ['viewer'], 'https://id.example/roles': ['admin'] });

    expect(personOf(token, 'https://id.example/roles')?.roles).toEqual(['admin']);
  });

  it.each([undefined, '', 'opaque', 'a.b.c', 'a.!!!.c', tokenWith([]), tokenWith(null), tokenWith({})])(
    'is nobody with %j',
    (token) => {
      expect(personOf(token, CLAIM)).toBeUndefined();
    },
  );

  it('is not known before the service has told its claim', () => {
    expect(personOf(tokenWith({ sub: 'a', [CLAIM]: ['admin'] }), undefined)).toBeUndefined();
  });
});
