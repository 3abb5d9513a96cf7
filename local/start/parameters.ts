import { type Command, InvalidArgumentError } from 'commander';
import type { ServiceOptions } from '../service.ts';
import { suggestionModel } from './suggestion-model.ts';

/** `Name=value` of a CloudFormation parameter, once for each. */
function collect(given: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9]*)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Expected Name=value.');
  return { ...before, [name]: value };
}

/** Parameters of the stack in the place of those that the service on one machine sets itself. */
export const addParameterOption = (command: Command): Command =>
  command.option(
    '--parameter <name=value>',
    'parameter of the stack, such as DatabaseConnectionBudget=40; may be given several times',
    collect,
    {},
  );

/** What a person gave a service on this machine: parameters of the stack, and the language model that the environment names. */
export function fromOutside(
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Pick<ServiceOptions, 'bedrockUrl' | 'parameters'> {
  const model = suggestionModel(env);
  return { ...model, parameters: { ...model.parameters, ...given } };
}
