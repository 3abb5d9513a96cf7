import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { synthesize, type Template } from './synthesized.ts';

// What whoever deploys has to know stands on one page as the template says it: `UPDATE_DOCS=1 npx vitest run test/infra/deploy-page.test.ts`
// writes it anew.

const PAGE = 'docs/deploy.md';
const part = (name: string) => new RegExp(`(<!-- generated:${name} -->\n)([\\s\\S]*?)(<!-- /generated -->)`);

const table = (heads: readonly string[], rows: readonly (readonly string[])[]) => {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(heads), `|${'---|'.repeat(heads.length)}\n`, ...rows.map(line)].join('');
};

type Parameter = Template['Parameters'][string] & { readonly Description?: string };

function parameterRows({ Parameters }: Template): readonly (readonly string[])[] {
  return Object.entries(Parameters as Readonly<Record<string, Parameter>>).map(
    ([name, { Default, Description = '' }]) => [
      `\`${name}\``,
      Default === undefined ? 'needed' : Default === '' ? 'empty' : `\`${Default}\``,
      Description,
    ],
  );
}

function resourceRows({ Resources }: Template): readonly (readonly string[])[] {
  const byType = Map.groupBy(Object.values(Resources), (r) => r.Type);
  return [...byType].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, all]) => [`\`${type}\``, String(all.length)]);
}

const { template } = synthesize();

test.each([
  ['parameters', table(['parameter', 'default', 'what it is'], parameterRows(template))],
  ['resources', table(['type', 'how many'], resourceRows(template))],
])('the table %s of the page on deploying is what the template says', (name, text) => {
  if (process.env.UPDATE_DOCS)
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(part(name), (_, head, _old, tail) => `${head}${text}${tail}`),
    );

  expect(part(name).exec(readFileSync(PAGE, 'utf8'))?.[2]).toBe(text);
});

test('what an emulation of CloudFormation seldom has is not in the template', () => {
  const text = JSON.stringify(template);
  const asked = [...text.matchAll(/"Fn::GetAtt":\["(\w+)","([\w.]+)"\]/g)].map(
    ([, id = '', attribute]) => `${template.Resources[id]?.Type} ${attribute}`,
  );

  expect(asked.filter((a) => !a.endsWith(' Arn'))).toEqual(
    expect.arrayContaining([
      'AWS::Events::EventBus Name',
      'AWS::ApiGatewayV2::Api ApiEndpoint',
      'AWS::SQS::Queue QueueName',
    ]),
  );
  expect(new Set(asked.filter((a) => !a.endsWith(' Arn'))).size).toBe(3);
  expect(asked).not.toContain('AWS::CloudWatch::Alarm Arn');
  expect(asked).not.toContain('AWS::StepFunctions::StateMachine Arn');
  expect(asked).not.toContain('AWS::Scheduler::ScheduleGroup Arn');
  expect(text).not.toMatch(/DefinitionSubstitutions|Custom::|AWS::CloudFormation::|"Ref":"\w*Bus\w*"/);
  expect(
    Object.values(template.Parameters)
      .map((p) => p.Type)
      .filter((type) => type.includes('SSM')),
  ).toEqual([]);
});
