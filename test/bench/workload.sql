-- The benches' data: about 250 bytes a row, every value a function of the row number, so that databases made apart agree.
-- Row for row the same `parcels` as the reference figures were measured on (bigint key, text, numeric, timestamptz, jsonb,
-- boolean). `bench.rows` is set by the session.
set timezone = 'UTC';
set synchronous_commit = off;

create schema bench;

create table parcels (
  parcel_id bigint primary key,
  pin text not null,
  owner text,
  situs text,
  land_value numeric(14,2),
  improvement_value numeric(14,2),
  assessed_at timestamptz,
  attributes jsonb,
  is_exempt boolean,
  updated_at timestamptz
);

-- The row of number i under the key id. a and b are 64 random bits each; every field takes its own few of them.
create function bench.parcel(i bigint, id bigint) returns parcels language sql immutable as $$
  select row(
    id,
    lpad(((a >> 8) & 99)::text, 2, '0') || '-' || lpad((i % 1000)::text, 3, '0') || '-' || lpad(i::text, 9, '0'),
    case when a & 63 <> 0 then
      (array['SMITH','JOHNSON','WILLIAMS','BROWN','GARCIA','MILLER','DAVIS','MARTINEZ','O''NEIL','MÜLLER','LEE','NGUYEN',
             'PATEL','KOWALSKI','SANTOS','ANDERSON'])[1 + ((a >> 12) & 15)]
      || ' ' || (array['JAMES','MARY','ROBERT','PATRICIA','JOHN','JENNIFER','MICHAEL','LINDA'])[1 + ((a >> 20) & 7)]
      || ' ' || (array['REVOCABLE TRUST','ET AL','LLC','& SPOUSE'])[1 + ((a >> 24) & 3)] end,
    ((b >> 3) & 16383)::text
      || ' ' || (array['N','S','E','W'])[1 + ((b >> 20) & 3)]
      || ' ' || (array['WASHINGTON','LAKE SHORE','MAPLE','OAK RIDGE','CEDAR','MARTIN LUTHER KING','2ND','PARK'])[1 + ((b >> 24) & 7)]
      || ' ' || (array['AVE','ST','BLVD','CT'])[1 + ((b >> 28) & 3)]
      || ', SPRINGFIELD 6' || lpad(((b >> 32) & 8191)::text, 4, '0'),
    (((a >> 4) & 134217727)::numeric / 100)::numeric(14,2),
    case when b & 31 <> 0 then (((b >> 6) & 134217727)::numeric / 100)::numeric(14,2) end,
    timestamptz '2020-01-01 00:00:00+00' + make_interval(days => ((a >> 30) & 1023)::int),
    jsonb_build_object(
      'zoning', (array['R-1','R-2','C-3','M-1','PUD'])[1 + ((b >> 40) & 3)],
      'acres', ((a >> 40) & 4095)::numeric / 100,
      'sqft', (b >> 44) & 8191,
      'built', 1900 + ((a >> 50) & 127),
      'flood', (b >> 50) & 7 = 0),
    a & 15 = 3,
    timestamptz '2024-01-01 00:00:00+00'
      + make_interval(secs => ((b >> 16) & 16777215)::float8 + ((a & 1023) / 1000.0)::float8)
  )::parcels
  from (select hashint8extended(i, 42) as a, hashint8extended(i, 4242) as b) bits
$$;

-- What a target differs in: 'update' 0.1 %, 'missing' 0.05 % and 'extra' 0.05 % of the rows. Kind u: spread over all keys;
-- c: as many, within 1 % of the keys; any other: nothing differs.
create function bench.change(i bigint, n bigint, kind text) returns text language sql immutable as $$
  select case draw when 0 then 'update' when 1 then 'update' when 2 then 'missing' when 3 then 'extra' end
  from (select (hashint8extended(i, 7) & 9223372036854775807) % case kind when 'u' then 2000 when 'c' then 20 end) d(draw)
  where kind = 'u' or (kind = 'c' and i >= n * 40 / 100 and i < n * 41 / 100)
$$;

-- Keys of the source are even, so that a target's extra rows fall between them.
insert into parcels
  select (p).* from (
    select bench.parcel(i, 2 * i) as p from generate_series(1, current_setting('bench.rows')::bigint) i offset 0) q;
