-- Makes a copy of the source into a target of kind `bench.kind`.
set timezone = 'UTC';
set synchronous_commit = off;

create temp table changed as
  select i, bench.change(i, current_setting('bench.rows')::bigint, current_setting('bench.kind')) as what
  from generate_series(1, current_setting('bench.rows')::bigint) i;

update parcels p set land_value = p.land_value + 1.25, updated_at = p.updated_at - interval '1 day'
  from changed c where c.what = 'update' and p.parcel_id = 2 * c.i;
delete from parcels p using changed c where c.what = 'missing' and p.parcel_id = 2 * c.i;
insert into parcels select (bench.parcel(i, 2 * i + 1)).* from changed where what = 'extra';
