import type { ClientBase } from 'pg';
import { helpers } from './rows.ts';

/** Numbers that only the training database uses, so that rows made there never meet a number of production's. */
const TRAINING_NUMBERS = 900_000_000;

/**
 * A working week: production reassesses, records sales, splits parcels and removes withdrawn appeals, while trainees edit
 * owners, delete sales and inspections and make rows of their own. About 1.5 % of the rows; foreign keys hold on both
 * sides; no row is changed on both. Each `round` is another week. Returns what was done, per side and table.
 */
export async function drift(
  sides: { readonly production: ClientBase; readonly training: ClientBase },
  options: { readonly seed: number; readonly round?: number },
): Promise<Drift> {
  const round = options.round ?? 1;
  return {
    production: await run(sides.production, options.seed, productionWeek(round)),
    training: await run(sides.training, options.seed, trainingWeek(round)),
  };
}

export interface Drift {
  readonly production: readonly Deed[];
  readonly training: readonly Deed[];
}

/** One thing that was done to a table. */
export interface Deed {
  readonly table: string;
  readonly did: 'changed' | 'removed' | 'added';
  readonly rows: number;
  readonly what: string;
}

interface Step extends Omit<Deed, 'rows'> {
  readonly sql: string;
}

async function run(client: ClientBase, seed: number, steps: readonly Step[]): Promise<readonly Deed[]> {
  await client.query(`begin; set local timezone = 'UTC'; set local synchronous_commit = off; ${helpers(seed)}`);
  const deeds: Deed[] = [];
  for (const { sql, ...step } of steps) deeds.push({ ...step, rows: (await client.query(sql)).rowCount ?? 0 });
  await client.query('commit');
  return deeds;
}

// `one(id, salt, k)`: about one row in k, another choice each round. Production takes odd owners and even numbers
// elsewhere, training the others, so that no row is changed on both sides.
function productionWeek(round: number): readonly Step[] {
  const one = (id: string, salt: number, k: number) => `pg_temp.n(${id}, ${salt} + ${round}, ${k}) = 0`;
  const fresh = `timestamptz '2025-09-01 10:00+00' + interval '${round} weeks'`;
  return [
    {
      table: 'parcels',
      did: 'changed',
      what: 'revalued by the spring reassessment',
      sql: `update parcels set land_value = round(land_value * 1.045, 2), updated_at = ${fresh} + parcel_id * interval '1 ms',
              attributes = attributes || '{"reassessed": true}' where parcel_id < ${TRAINING_NUMBERS} and ${one('parcel_id', 200, 60)}`,
    },
    {
      table: 'assessments',
      did: 'changed',
      what: 'certified',
      sql: `update assessments set certified_at = ${fresh} where tax_year = 2025 and certified_at is null
              and parcel_id < ${TRAINING_NUMBERS} and ${one('parcel_id', 210, 20)}`,
    },
    {
      table: 'owners',
      did: 'changed',
      what: 'moved to another address',
      sql: `update owners set mailing_address = pg_temp.street(owner_id + ${round}, 220) || E'\\nChatham, IL 62629'
              where owner_id % 2 = 1 and owner_id < ${TRAINING_NUMBERS} and ${one('owner_id', 222, 30)}`,
    },
    {
      table: 'owners',
      did: 'added',
      what: 'new buyers',
      sql: `insert into owners (name, kind, mailing_address, email, phones, created_at)
              select pg_temp.owner_name(${round} * 100000 + i, 'couple'), 'couple', pg_temp.street(i, 230), null, '{}', ${fresh}
              from generate_series(1, greatest(5, (select count(*) / 125 from owners))) i`,
    },
    {
      table: 'sales',
      did: 'added',
      what: 'recorded this week',
      sql: `insert into sales (parcel_id, buyer_owner_id, price, sold_on, recorded_at, is_arms_length, deed_digest, remarks)
              select p.parcel_id, o.owner_id, p.total_value * 1.07, date '2025-09-01' + ${round} * 7, ${fresh}, true,
                sha256(('week ${round} ' || p.parcel_id)::bytea), 'arm’s length'
              from (select owner_id, row_number() over (order by owner_id desc) as i from owners order by owner_id desc
                    limit greatest(5, (select count(*) / 125 from owners))) o
              join (select *, row_number() over (order by pg_temp.n(parcel_id, 240 + ${round}, 1000000), parcel_id) as i from parcels
                    where parcel_id < ${TRAINING_NUMBERS}) p using (i)`,
    },
    {
      table: 'ownership',
      did: 'removed',
      what: 'sold',
      sql: `delete from ownership o using sales s where s.parcel_id = o.parcel_id and s.recorded_at = ${fresh}`,
    },
    {
      table: 'ownership',
      did: 'added',
      what: 'bought',
      sql: `insert into ownership select parcel_id, buyer_owner_id, 1, daterange(sold_on, null), 'W${round}-' || sale_id
              from sales where recorded_at = ${fresh}`,
    },
    {
      table: 'parcels',
      did: 'added',
      what: 'split off',
      sql: `insert into parcels (pin, tax_district_id, situs, zoning, acres, land_value, improvement_value, frontage_feet, attributes,
                is_exempt, updated_at)
              select '98-' || lpad(${round}::text, 3, '0') || '-' || lpad(i::text, 6, '0'), tax_district_id, situs || ' (split)', zoning,
                round(acres / 2, 4), round(land_value / 2, 2), 0, frontage_feet, '{"split": true}', false, ${fresh}
              from (select *, row_number() over (order by parcel_id) as i from parcels where ${one('parcel_id', 250, 500)}) p`,
    },
    {
      table: 'assessments',
      did: 'added',
      what: 'of parcels split off',
      sql: `insert into assessments (parcel_id, tax_year, land_value, improvement_value, appeal_deadline)
              select parcel_id, 2025, land_value, 0, 'infinity'
              from parcels where updated_at = ${fresh} and pin like '98-%'`,
    },
    {
      table: 'improvements',
      did: 'added',
      what: 'new houses, each with a garage that refers to it',
      sql: `with house as (insert into improvements (parcel_id, kind, year_built, square_feet)
                select parcel_id, 'single-family house', 2025, 2100 from parcels where updated_at = ${fresh} and pin like '98-%' returning *)
              , garage as (insert into improvements (parcel_id, parent_improvement_id, kind, year_built, square_feet)
                select parcel_id, improvement_id, 'attached garage', 2025, 480 from house returning *)
              select from house union all select from garage`,
    },
    {
      table: 'permits',
      did: 'changed',
      what: 'extended',
      sql: `update permits set valid = daterange(lower(valid), upper(valid) + 180), estimated_cost = null
              where permit_id % 2 = 0 and upper(valid) < 'infinity' and ${one('permit_id', 260, 40)}`,
    },
    {
      table: 'appeals',
      did: 'removed',
      what: 'withdrawn',
      sql: `delete from appeals where appeal_id < ${TRAINING_NUMBERS} and status = 'withdrawn' and ${one('appeal_id', 270, 4)}`,
    },
    {
      table: 'appeals',
      did: 'changed',
      what: 'heard and decided',
      sql: `update appeals set status = 'granted', decided_value = requested_value * 0.95 where appeal_id < ${TRAINING_NUMBERS}
              and status = 'scheduled' and ${one('appeal_id', 280, 8)}`,
    },
  ];
}

function trainingWeek(round: number): readonly Step[] {
  const one = (id: string, salt: number, k: number) => `pg_temp.n(${id}, ${salt} + ${round}, ${k}) = 0`;
  const next = (table: string, id: string) =>
    `(select greatest(max(${id}), ${TRAINING_NUMBERS}) from ${table}) + row_number() over ()`;
  const made = `timestamptz '2025-09-02 15:00+00' + interval '${round} weeks'`;
  return [
    {
      table: 'owners',
      did: 'changed',
      what: 'edited by trainees',
      sql: `update owners set name = name || ' (training)', email = nullif(coalesce(email, ''), email)
              where owner_id % 2 = 0 and owner_id < ${TRAINING_NUMBERS} and ${one('owner_id', 300, 50)}`,
    },
    {
      table: 'sales',
      did: 'removed',
      what: 'deleted in an exercise',
      sql: `delete from sales where ${one('sale_id', 320, 90)}`,
    },
    {
      table: 'sales',
      did: 'changed',
      what: 'remarks emptied or cleared',
      sql: `update sales set remarks = case when remarks is null then '' end where sale_id < ${TRAINING_NUMBERS} and ${one('sale_id', 310, 80)}
              and recorded_at is distinct from ${made}`,
    },
    {
      table: 'inspections',
      did: 'removed',
      what: 'deleted in an exercise',
      sql: `delete from inspections where ${one('permit_id', 330, 90)}`,
    },
    {
      table: 'permits',
      did: 'changed',
      what: 'costs mistyped',
      sql: `update permits set estimated_cost = coalesce(estimated_cost, 0) * 10 + 0.01 where permit_id % 2 = 1 and ${one('permit_id', 340, 60)}`,
    },
    {
      table: 'owners',
      did: 'added',
      what: 'made up for training',
      sql: `insert into owners overriding system value
              select ${next('owners', 'owner_id')}, 'Trainee ' || ${round} || ', Exercise ' || i, 'person', null, '', '{}', ${made}
              from generate_series(1, 6) i`,
    },
    {
      table: 'parcels',
      did: 'added',
      what: 'made up for training',
      sql: `insert into parcels (parcel_id, pin, tax_district_id, situs, zoning, acres, land_value, attributes, is_exempt, updated_at)
              select ${next('parcels', 'parcel_id')}, '99-' || lpad(${round}::text, 3, '0') || '-' || lpad(i::text, 6, '0'),
                1, i || ' Sandbox Way', 'PUD', 1.0, 1000 * i, '{"sandbox": true}', true, ${made}
              from generate_series(1, 4) i`,
    },
    {
      table: 'assessments',
      did: 'added',
      what: 'of parcels made up for training',
      sql: `insert into assessments (parcel_id, tax_year, land_value, improvement_value, appeal_deadline)
              select parcel_id, 2025, land_value, 0, 'infinity' from parcels where updated_at = ${made}`,
    },
    {
      table: 'ownership',
      did: 'added',
      what: 'of parcels made up for training',
      sql: `insert into ownership (parcel_id, owner_id, share, held)
              select parcel_id, max(owner_id), 1, '[2025-09-01,)' from parcels, owners
              where updated_at = ${made} and created_at = ${made} group by 1`,
    },
    {
      table: 'appeals',
      did: 'added',
      what: 'hearings for role play',
      sql: `insert into appeals overriding system value select ${next('appeals', 'appeal_id')}, parcel_id, 2025, 'scheduled', ${made}, 500, null,
              tstzrange(${made} + interval '1 day', null), 'role play' from parcels where updated_at = ${made}`,
    },
  ];
}
