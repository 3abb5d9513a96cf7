import { SyncError } from '../../lib/model/errors.ts';
import type { Credentials } from './signature-v4.ts';

/** Those that Lambda hands over in the environment; it ends the container before they do. */
export function roleCredentials(env: Readonly<Record<string, string | undefined>> = process.env): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) throw new SyncError('internal', 'the function has no credentials of its role');
  return { accessKeyId, secretAccessKey, ...(token && { sessionToken: token }) };
}
