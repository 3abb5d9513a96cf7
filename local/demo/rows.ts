const LAST_NAMES =
  words(`Smith|Johnson|Williams|García|O'Neil|Müller|Nguyễn|Patel|Kowalski|Núñez|Lee|Washington|Søndergaard|
  Łukasiewicz|D'Angelo|St. Clair|van der Berg|Begay|Okafor|Haddad|Kim|Çelik|山田`);
const FIRST_NAMES = words(
  `James|Mary|Robert|Patricia|José|Jennifer|Michael|Zoë|Siân|Linh|Amara|Björn|Priya|Dorothy|Renée|Walter`,
);
const STREETS = words(`N Washington Ave|Lake Shore Dr|Maple St|Oak Ridge Ct|Martin Luther King Jr Blvd|E 2nd St|
  County Road 400 N|O'Hara Ln|Old Mill Rd|Sangamon Ave`);
const PLACES = words(`Cedar Ridge|Prairie View|Rochester|Sangamon|Fancy Creek|Buffalo Hart|Clear Lake|Île-aux-Noix`);
const TRADES = words(`Holdings|Properties|Farms|Development|Storage`);
const BODIES = words(
  `City of Springfield|Sangamon County|State of Illinois|Springfield Park District|Prairie View School District`,
);

/** How many parcels, owners and so on there are; other tables follow from them. */
export interface Size {
  readonly parcels: number;
  readonly owners: number;
}

/** Scale 1 is 7,000 parcels: about 50,000 rows in ten tables. */
export function sizeOf(scale: number): Size {
  // a PIN has six digits for the parcel
  if (!(scale > 0 && scale <= 100)) throw new RangeError('The scale must be above 0 and at most 100.');
  return { parcels: Math.max(40, Math.round(7000 * scale)), owners: Math.max(30, Math.round(5000 * scale)) };
}

/**
 * Functions of one session that make values out of row numbers, so that the same seed gives the same county everywhere.
 * `n(i, salt, top)` is a number below `top`; `pick` takes one of a list.
 */
export function helpers(seed: number): string {
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= 1_000_000)) {
    throw new RangeError('The seed must be a whole number from 0 to 1,000,000.');
  }
  return `
create or replace function pg_temp.n(i bigint, salt int, top bigint) returns bigint language sql immutable parallel safe as
  $$ select (hashint8extended(i, ${seed} * 1000 + salt) & 9223372036854775807) % top $$;
create or replace function pg_temp.pick(i bigint, salt int, list anyarray) returns anyelement language sql immutable
  as $$ select list[1 + pg_temp.n(i, salt, cardinality(list))] $$;
create or replace function pg_temp.last_name(i bigint, salt int) returns text language sql immutable as
  $$ select pg_temp.pick(i, salt, ${sqlList(LAST_NAMES)}) $$;
create or replace function pg_temp.first_name(i bigint, salt int) returns text language sql immutable as
  $$ select pg_temp.pick(i, salt, ${sqlList(FIRST_NAMES)}) $$;
create or replace function pg_temp.street(i bigint, salt int) returns text language sql immutable as
  $$ select (100 + pg_temp.n(i, salt, 9800)) || ' ' || pg_temp.pick(i, salt + 1, ${sqlList(STREETS)}) $$;
create or replace function pg_temp.owner_name(i bigint, kind owner_kind) returns text language sql immutable as $$
  select case kind
    when 'person' then pg_temp.last_name(i, 10) || ', ' || pg_temp.first_name(i, 11)
    when 'couple' then pg_temp.last_name(i, 10) || ', ' || pg_temp.first_name(i, 11) || ' & ' || pg_temp.first_name(i, 12)
    when 'trust' then pg_temp.last_name(i, 10) || ' Family Revocable Trust'
    when 'company' then pg_temp.pick(i, 13, ${sqlList(PLACES)}) || ' ' || pg_temp.pick(i, 14, ${sqlList(TRADES)}) || ' LLC'
    else pg_temp.pick(i, 15, ${sqlList(BODIES)}) end $$;`;
}

/** Fills all tables; run `helpers` in the same session first. */
export function rows({ parcels, owners }: Size): string {
  const improvements = Math.round(parcels * 0.7);
  const sales = Math.round(parcels * 0.5);
  const permits = Math.round(parcels * 0.4);
  const appeals = Math.round(parcels * 0.2);
  return `
insert into tax_districts
select i, 'TD-' || lpad(i::text, 3, '0'), pg_temp.pick(i, 1, ${sqlList(PLACES)}) || ' '
    || (array['Township', 'School District', 'Fire Protection District', 'Library District'])[1 + i % 4],
  round(0.002 + pg_temp.n(i, 2, 9000000) / 1e9, 6),
  daterange('2024-07-01', case when i % 6 = 0 then null else date '2025-07-01' end),
  (array['general', 'roads', 'schools', 'fire', 'library'])[1:1 + i % 5]
from generate_series(1, 36) i;

insert into owners overriding system value
select i, pg_temp.owner_name(i, kind), kind,
  case when i % 29 = 0 then null
    else pg_temp.street(i, 20) || E'\\nSpringfield, IL 627' || lpad(pg_temp.n(i, 22, 100)::text, 2, '0') end,
  case when i % 7 = 0 then null when i % 31 = 0 then '' else 'owner' || i || '@example.org' end,
  case i % 5 when 0 then null when 1 then '{}' when 2 then array['217-555-' || lpad((i % 10000)::text, 4, '0'), null]
    else array['217-555-' || lpad((i % 10000)::text, 4, '0')] end,
  timestamptz '2009-01-01 08:00+00' + pg_temp.n(i, 23, 480000000) * interval '1.000001 second'
from (select i, (array['person', 'person', 'couple', 'couple', 'trust', 'company', 'government']::owner_kind[])
        [1 + pg_temp.n(i, 24, 61) / 10] as kind
      from generate_series(1, ${owners}) i) o;

insert into parcels (parcel_id, pin, tax_district_id, situs, zoning, acres, land_value, improvement_value, frontage_feet,
  exemptions, attributes, is_exempt, updated_at)
select i, lpad((1 + i % 36)::text, 2, '0') || '-' || lpad((i % 1000)::text, 3, '0') || '-' || lpad(i::text, 6, '0'),
  1 + i % 36, pg_temp.street(i, 30), (enum_range(null::zoning))[1 + pg_temp.n(i, 32, 7)],
  round((100 + pg_temp.n(i, 33, 800000)) / 10000.0, (i % 5)::int),
  (5000 + pg_temp.n(i, 34, 49500000) / 100.0)::numeric(14, 2),
  case when i % 11 = 0 then null else (pg_temp.n(i, 35, 99900000) / 100.0)::numeric(14, 2) end,
  case when i % 13 = 0 then null when i % 17 = 0 then 'empty' else numrange(0, 20 + pg_temp.n(i, 36, 4000) / 10.0, '[]') end,
  case i % 9 when 0 then array['homestead'] when 4 then array['senior', 'homestead'] else '{}' end,
  jsonb_build_object('flood_zone', pg_temp.pick(i, 37, array['X', 'AE', 'A']), 'sewer', i % 4 <> 0, 'last_visit',
    case when i % 6 = 0 then null else to_jsonb(date '2020-01-01' + pg_temp.n(i, 38, 1800)::int) end,
    'survey', jsonb_build_object('corners', pg_temp.n(i, 39, 12) + 3, 'note', pg_temp.pick(i, 40, array['', 'O''Neil’s fence', 'Ufer: Größe unklar']))),
  i % 16 = 3, timestamptz '2025-01-01 00:00+00' + pg_temp.n(i, 41, 20000000) * interval '1.000003 second'
from generate_series(1, ${parcels}) i;

insert into ownership
select i, first, case when second is null then 1 else 0.5 end, daterange(since, null), 'D' || (100000 + i)
from (select i, 1 + pg_temp.n(i, 50, ${owners}) as first, case when i % 5 = 0 then 1 end as second,
        date '1990-01-01' + pg_temp.n(i, 52, 12000)::int as since from generate_series(1, ${parcels}) i) p
union all
select i, 1 + (pg_temp.n(i, 50, ${owners}) + 1 + pg_temp.n(i, 51, ${owners} - 1)) % ${owners}, 0.5,
  daterange(date '1990-01-01' + pg_temp.n(i, 52, 12000)::int, null), null
from generate_series(5, ${parcels}, 5) i;

insert into assessments (parcel_id, tax_year, land_value, improvement_value, sales_ratio, appeal_deadline, certified_at)
select parcel_id, year, round(land_value * (0.9 + (year - 2024) * 0.1), 2),
  round(coalesce(improvement_value, 0) * (0.9 + (year - 2024) * 0.1), 2),
  case when parcel_id % 97 = 0 then 'NaN' when parcel_id % 10 = 0 then null
    else 0.8 + pg_temp.n(parcel_id * 2 + year % 2, 60, 400000) / 1e6 end,
  case when parcel_id % 83 = 0 then 'infinity' else make_date(year, 9, 30) end,
  case when year = 2025 and parcel_id % 3 = 0 then null when parcel_id % 211 = 0 then '-infinity'
    else make_timestamptz(year, 6, 15, 12, 0, (parcel_id % 60)::int, 'UTC') end
from parcels, generate_series(2024, 2025) year;

insert into improvements
select i, 1 + pg_temp.n(case when i % 4 = 0 then i - 1 else i end, 70, ${parcels}), case when i % 4 = 0 then i - 1 end,
  case when i % 4 = 0 then pg_temp.pick(i, 71, array['attached garage', 'deck', 'enclosed porch', 'Wintergarten'])
    else pg_temp.pick(i, 72, array['single-family house', 'barn', 'warehouse', 'retail', 'duplex']) end,
  case when i % 19 = 0 then null else 1890 + pg_temp.n(i, 73, 134) end, 120 + pg_temp.n(i, 74, 4800),
  case when i % 3 = 0 then null else array[2.4, 2.4 + pg_temp.n(i, 75, 90) / 100.0] end, pg_temp.n(i, 76, 1000) / 1000.0,
  case when i % 8 = 0 then null else jsonb_build_object('baths', pg_temp.n(i, 77, 8) / 2.0, 'heating',
    pg_temp.pick(i, 78, array['gas', 'electric', 'wood', 'geothermal'])) end
from generate_series(1, ${improvements}) i;

insert into sales overriding system value
select i, 1 + pg_temp.n(i, 80, ${parcels}), 1 + pg_temp.n(i, 81, ${owners}), (1000 + pg_temp.n(i, 82, 90000000) / 100.0)::numeric(14, 2),
  sold_on, case when i % 14 = 0 then null else sold_on + interval '9 days 10:00:00.25' end, case when i % 9 = 0 then null else i % 5 <> 0 end,
  case when i % 6 = 0 then null else sha256(('deed ' || i)::bytea) end,
  case i % 8 when 0 then null when 1 then '' when 2 then E'Buyer says:\\t"as is" \\\\ see file\\nsecond page missing'
    else pg_temp.pick(i, 83, array['arm’s length', 'family transfer', 'foreclosure', 'übertragen an Müller']) end
from (select i, date '2021-01-01' + pg_temp.n(i, 84, 1700)::int as sold_on from generate_series(1, ${sales}) i) s;

insert into permits
select i, md5('permit ${parcels} ' || i)::uuid, 1 + pg_temp.n(i, 90, ${parcels}),
  pg_temp.pick(i, 91, array['roof', 'addition', 'solar', 'demolition', 'new construction', 'deck']),
  case when i % 12 = 0 then null else (pg_temp.n(i, 92, 25000000) / 100.0)::numeric(14, 2) end,
  daterange(issued, case when i % 15 = 0 then 'infinity' else issued + 365 end), make_interval(days => (i % 40)::int, hours => (i % 24)::int)
from (select i, date '2022-01-01' + pg_temp.n(i, 93, 1300)::int as issued from generate_series(1, ${permits}) i) p;

insert into inspections
select permit_id, lower(valid) + 20 * visit + pg_temp.n(permit_id, 95, 15)::int, pg_temp.first_name(permit_id + visit, 96) || ' '
    || pg_temp.last_name(permit_id + visit, 97), case when (permit_id + visit) % 6 = 0 then null else (permit_id + visit) % 7 <> 0 end,
  case when permit_id % 4 = 0 then null else array[pg_temp.n(permit_id, 98, 10000) / 7.0, visit] end,
  time '08:00' + visit * interval '95 minutes'
from permits, generate_series(1, 2) visit where permit_id % 4 <> 3 or visit = 1;

insert into appeals overriding system value
select i, 1 + pg_temp.n(i, 100, ${parcels}), 2024 + i % 2, status, filed_at, case when i % 10 = 0 then null else 40000 + pg_temp.n(i, 101, 300000) end,
  case when status = 'granted' then 35000 + pg_temp.n(i, 102, 300000) end,
  case when status <> 'filed' then tstzrange(filed_at + interval '40 days', filed_at + interval '40 days 30 minutes') end,
  case i % 6 when 0 then null when 1 then '' else pg_temp.last_name(i, 103) || ' v. Assessor' end
from (select i, (enum_range(null::appeal_status))[1 + pg_temp.n(i, 104, 6)] as status,
        timestamptz '2024-08-01 09:00+00' + pg_temp.n(i, 105, 34000000) * interval '1 second' as filed_at
      from generate_series(1, ${appeals}) i) a;

select ${IDENTITIES.map(([t, c]) => `setval(pg_get_serial_sequence('${t}', '${c}'), (select max(${c}) from ${t}))`).join(', ')};
`;
}

const IDENTITIES = [
  ['tax_districts', 'tax_district_id'],
  ['owners', 'owner_id'],
  ['parcels', 'parcel_id'],
  ['improvements', 'improvement_id'],
  ['sales', 'sale_id'],
  ['permits', 'permit_id'],
  ['appeals', 'appeal_id'],
] as const;

function words(text: string): readonly string[] {
  return text.split('|').map((word) => word.trim());
}

function sqlList(words: readonly string[]): string {
  return `array[${words.map((word) => `'${word.replaceAll("'", "''")}'`).join(', ')}]`;
}
