import { SyncError } from '../../lib/model/errors.ts';
import type { Secret } from '../../lib/model/secret.ts';
import type { ConnectionPair, Log, SecretStore } from '../../lib/ports.ts';

export function memorySecrets(): SecretStore {
  const pairs = new Map<string, ConnectionPair>();
  const keys = new Map<string, Secret>();
  return {
    async put(jobId, pair) {
      pairs.set(jobId, pair);
      return jobId;
    },
    async get(ref) {
      const pair = pairs.get(ref);
      if (!pair) throw new SyncError('secret_missing', 'no such secret');
      return pair;
    },
    async remove(ref) {
      pairs.delete(ref);
    },
    async maskKey(pair, fresh) {
      const key = keys.get(pair) ?? fresh;
      if (!key) throw new SyncError('secret_missing', 'no such key');
      keys.set(pair, key);
      return key;
    },
  };
}

/** Keeps lines for a test to look at. */
export function memoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (level: string) => (message: string, fields?: object) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  };
  return { lines, info: add('info'), warn: add('warn'), error: add('error') };
}
