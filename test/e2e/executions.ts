import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { synthesize } from '../../local/synth.ts';
import { readAssembly } from '../../local/template/assembly.ts';
import { resolveStack } from '../../local/template/stack.ts';
import type { E2eService } from './support.ts';

/** Input and output of every execution of the job, of both machines. */
export async function executionsOf(service: Pick<E2eService, 'places'>, jobId: string): Promise<readonly unknown[]> {
  const { controlUrl, sqsUrl } = service.places();
  const stack = resolveStack(readAssembly((await synthesize()).folder), {
    sqsUrl,
    parameters: { JwtIssuer: 'http://x/issuer', JwtAudience: 'x', TlsPolicy: 'as_asked', AllowedDatabaseHosts: '*' },
  });
  const client = new SFNClient({
    endpoint: controlUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    const found = [];
    for (const machine of stack.ofType('AWS::StepFunctions::StateMachine')) {
      const list = await client.send(new ListExecutionsCommand({ stateMachineArn: machine.identity.ref }));
      for (const { executionArn } of list.executions ?? []) {
        const { $metadata: _, ...execution } = await client.send(new DescribeExecutionCommand({ executionArn }));
        if (execution.input?.includes(jobId)) found.push(execution);
      }
    }
    return found;
  } finally {
    client.destroy();
  }
}
