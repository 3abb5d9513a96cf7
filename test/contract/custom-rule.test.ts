import { vi } from 'vitest';
import { checkDigit } from '../../examples/custom-rule.ts';
import { ruleContract } from './rule-contract.ts';

// the example of docs/rules.md, with its line in the registry
vi.mock('../../lib/validator/rules/registry.ts', async (original) => {
  const registry = await original<typeof import('../../lib/validator/rules/registry.ts')>();
  return { ...registry, rules: [...registry.rules, checkDigit] };
});

ruleContract([checkDigit]);
