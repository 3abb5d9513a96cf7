// @ts-check
// Runs one function's bundle: `node bootstrap.mjs <module file> <export name>`, events and results over IPC.
// Plain JavaScript, so that the function's process does not carry Node's type stripper in its memory.
import { pathToFileURL } from 'node:url';

const [file = '', exportName = ''] = process.argv.slice(2);
const {
  AWS_LAMBDA_FUNCTION_NAME: functionName = '',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory = '',
  AWS_REGION,
} = process.env;

// The service is gone (also after kill -9): nobody can hear an answer, so do not touch a database once more.
process.on('disconnect', () => process.exit(1));

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return { errorType: 'Error', errorMessage: String(error), trace: [] };
  // A function may have set them to anything at all.
  return {
    errorType: String(error.name ?? 'Error'),
    errorMessage: String(error.message),
    trace: String(error.stack ?? '').split('\n'),
  };
}

/** @param {object} message */
function send(message) {
  if (process.connected) process.send?.(message);
}

/** @type {(event: unknown, context: object) => unknown} */
let handler = () => undefined;
try {
  const found = (await import(pathToFileURL(file).href))[exportName];
  if (typeof found !== 'function') throw new TypeError(`${file} exports no function ${exportName}`);
  handler = found;
  send({ kind: 'ready' });
} catch (error) {
  console.error(error);
  send({ kind: 'broken', error: describe(error) });
}

/** @param {{ requestId: string, event: unknown, deadlineMs: number }} invocation */
async function invoke({ requestId, event, deadlineMs }) {
  const context = {
    awsRequestId: requestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${AWS_REGION}:000000000000:function:${functionName}`,
    memoryLimitInMB: memory,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `local/${process.pid}`,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  try {
    const result = JSON.stringify((await handler(event, context)) ?? null);
    send({ kind: 'result', requestId, result });
  } catch (error) {
    send({ kind: 'error', requestId, error: describe(error) });
  }
}

process.on('message', (message) => void invoke(/** @type {any} */ (message))); // only the pool writes here
