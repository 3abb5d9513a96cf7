import { type Difference, type KeyedFingerprint, keyId } from '../model/change.ts';
import type { Position } from '../model/checkpoint.ts';
import type { Window } from '../model/table.ts';
import type { SegmentReader } from '../ports.ts';
import { detectByHash } from './by-hash.ts';
import type { Finding, Scope } from './strategy.ts';

async function compareWithTarget(source: readonly KeyedFingerprint[], target: SegmentReader) {
  const found = new Map(
    (await target.fingerprints(source.map((s) => s.key))).map((t) => [keyId(t.key), t.fingerprint]),
  );
  const differences: Difference[] = [];
  const alike: KeyedFingerprint[] = [];
  for (const s of source) {
    const t = found.get(keyId(s.key));
    const base = { bucket: s.bucket, key: s.key, source: s.fingerprint };
    if (t === undefined) differences.push({ kind: 'source_only', ...base });
    else if (t !== s.fingerprint) differences.push({ kind: 'both_differ', ...base, target: t });
    else alike.push(s);
  }
  return { equal: alike.length, differences, alike };
}

/** Pages through one part of the window. A row that moves on meanwhile is met again in the rest, or by the next job. */
async function* pages(
  source: SegmentReader,
  target: SegmentReader,
  scope: Scope & { readonly window: Window },
  start: Position,
): AsyncIterable<Finding> {
  for (let at = start; ; ) {
    const rows = await source.page(scope.window, at, scope.pageRows, scope.runs);
    const last = rows.at(-1);
    if (!last) return;
    at = { part: at.part, key: last.key, ...(last.stamp !== undefined && { stamp: last.stamp }) };
    yield { through: scope.after, at, ...(await compareWithTarget(rows, target)) };
    if (rows.length < scope.pageRows) return;
  }
}

/** Compares keys alone: what is missing on either side. A row to be deleted carries what the whole of it is now. */
async function* sweep(source: SegmentReader, target: SegmentReader, scope: Scope & { readonly window: Window }) {
  const { after, runs, pageRows } = scope;
  const looks = detectByHash(source.keysOnly(), target.keysOnly(), { after, pageRows, ...(runs && { runs }) });
  for await (const { through, equal, differences } of looks) {
    const missing = differences.filter((d) => d.kind === 'source_only').map((d) => d.key);
    // in a dry run those of the window are still missing, and were counted
    const counted = scope.dryRun ? new Set((await source.inWindow(scope.window, missing)).map(keyId)) : new Set();
    const extra = differences.filter((d) => d.kind === 'target_only').map((d) => d.key);
    const whole = new Map((await target.fingerprints(extra)).map((t) => [keyId(t.key), t.fingerprint]));
    const found = differences.flatMap((d): Difference[] => {
      if (d.kind !== 'target_only') return counted.has(keyId(d.key)) ? [] : [d];
      const fingerprint = whole.get(keyId(d.key));
      return fingerprint === undefined ? [] : [{ ...d, target: fingerprint }];
    });
    yield { through, at: { part: 'keys' as const }, equal, keysOnly: true, differences: found };
  }
}

const PARTS = ['window', 'rest', 'keys'] as const;

async function* windowed(source: SegmentReader, target: SegmentReader, scope: Scope & { readonly window: Window }) {
  const at = scope.at?.part ?? 'window';
  const from = scope.extraOnly || at === 'changes' ? 'keys' : at;
  for (const part of PARTS.slice(PARTS.indexOf(from))) {
    if (part === 'keys') {
      if (scope.window.sweep) yield* sweep(source, target, scope);
    } else yield* pages(source, target, scope, scope.at?.part === part ? scope.at : { part });
  }
}

/**
 * An incremental job looks at the rows whose update column lies in the window, by pages in order of (stamp, key); then at
 * those without a usable stamp, in order of key; then, where asked for, at all keys. Other jobs compare everything.
 *
 * Cost: an index range of the source per page and one look-up by key in the target; a scan per page without an index.
 */
export function detectByWindow(source: SegmentReader, target: SegmentReader, scope: Scope): AsyncIterable<Finding> {
  const { window } = scope;
  return window ? windowed(source, target, { ...scope, window }) : detectByHash(source, target, scope);
}
