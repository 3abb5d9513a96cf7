import { costOf, dollars } from '../../lib/model/cost.ts';
import { NO_USAGE, USAGE_FIGURES, type Usage } from '../../lib/model/usage.ts';

/**
 * What jobs over a table of 1,000,000 rows said that they had used: `npm run bench -- usage`, 2026-11-24 00:05 UTC
 * (test/bench/results.md), on a machine with much else to do, rows of some 270 bytes on the wire.
 */
const MEASURED_ROWS = 1_000_000;
const job = (...figures: readonly number[]): Usage =>
  ({ ...NO_USAGE, ...Object.fromEntries(USAGE_FIGURES.map((f, i) => [f, figures[i] ?? 0])) }) as Usage; // every figure has one
const MEASURED: Readonly<Record<string, Usage>> = {
  'nothing differs': job(1, 11, 12350464, 26, 15, 12, 23, 63, 2762022, 31354, 2818452, 76638),
  '0.2 % of the rows differ, all over': job(1, 21, 9391360, 46, 36, 22, 42, 128, 6430236, 177723, 6180271, 795783),
  'the target is empty': job(1, 16, 14937856, 36, 27, 17, 35, 114, 270399143, 38357, 2849053, 262767990),
};

const ROWS = 50_000_000;
const NIGHTS = 30;
/** How many times as slow as measured a worker may be on Lambda, with a seventh of a core. */
const SLOWER = 10;

const times = (usage: Usage, n: number): Usage =>
  Object.fromEntries(USAGE_FIGURES.map((f) => [f, usage[f] * n])) as Usage; // every figure has one

const night = (usage: Usage, slower = 1): Usage => {
  const all = times(usage, ROWS / MEASURED_ROWS);
  return { ...all, lambda_mb_ms: all.lambda_mb_ms * slower };
};

/** Cents, from dollars with six places. */
const cents = (usd: string) => `$${(Math.round(Number(usd) * 100) / 100).toFixed(2)}`;

const month = (usage: Usage, slower = 1) => cents(costOf(times(night(usage, slower), NIGHTS)).usd);

/** A row for each kind of night: of one night GB-seconds, states and GB between zones, then what a month costs. */
export const exampleRows = (): readonly (readonly string[])[] =>
  Object.entries(MEASURED).map(([name, usage]) => {
    const { lines } = costOf(night(usage));
    const amount = (what: RegExp) => String(Math.round(lines.find((l) => what.test(l.what))?.amount ?? 0));
    return [
      name,
      amount(/compute/),
      amount(/Step/),
      amount(/between/),
      cents(costOf(night(usage)).usd),
      month(usage),
      month(usage, SLOWER),
    ];
  });

export const EXAMPLE_HEADS = [
  'each night',
  'GB-seconds',
  'states',
  'GB between zones',
  'a night',
  'a month',
  `a month, workers ${SLOWER} times as slow`,
];

const HOURS = 730;

interface Peer {
  readonly name: string;
  readonly price: string;
  /** Millionths of a dollar a month. */
  readonly month: bigint;
  readonly reckoned: string;
  readonly source: string;
  readonly confirmed: string;
}

/** GiB that a load of the whole table, and 0.2 % of it, are on the wire as the bench measured them. */
const loadGiB =
  (((MEASURED['the target is empty'] ?? NO_USAGE).source_bytes_received / 2 ** 30) * ROWS) / MEASURED_ROWS;

const hourly = (instance: string, microsAnHour: bigint): Peer => ({
  name: `AWS DMS, replication instance ${instance}, one zone`,
  price: `$${dollars(microsAnHour).replace(/0+$/, '')} an hour`,
  month: microsAnHour * BigInt(HOURS),
  reckoned: `${HOURS} hours; storage and traffic come on top`,
  source: 'https://aws.amazon.com/dms/pricing/',
  confirmed: 'no: from memory, look before you rely on it',
});

const PEERS: readonly Peer[] = [
  hourly('dms.t3.medium', 73_000n),
  hourly('dms.c5.large', 154_000n),
  {
    name: 'Google Cloud Datastream, changes of 0.2 % a night',
    price: '$2.00 a GiB of changes',
    month: BigInt(Math.round(loadGiB * 0.002 * NIGHTS * 2 * 1e6)),
    reckoned: `${(loadGiB * 0.002 * NIGHTS).toFixed(1)} GiB; Google says that it counts 2 to 5 times the data. No comparison of what is there`,
    source: 'https://cloud.google.com/datastream/pricing',
    confirmed: 'a stored copy of the page, undated',
  },
];

export const peerRows = (): readonly (readonly string[])[] =>
  PEERS.map((p) => [p.name, p.price, cents(dollars(p.month)), p.reckoned, p.source, p.confirmed]);

export const PEER_HEADS = ['service', 'list price', 'a month', 'reckoned', 'page', 'confirmed'];

/** The few lines of the README: a month of each. */
export const shortRows = (): readonly (readonly string[])[] => [
  ...Object.entries(MEASURED).map(([name, usage]) => [`TerraFusion Sync, ${name}`, month(usage)]),
  ...PEERS.map((p) => [p.name, cents(dollars(p.month))]),
];
