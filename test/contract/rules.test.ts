import { rules } from '../../lib/validator/rules/registry.ts';
import { ruleContract } from './rule-contract.ts';

// every rule of the registry, by the examples of docs/rules.md
ruleContract(rules);
