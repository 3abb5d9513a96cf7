-- The demo county as another office keeps it: split over four schemas, other names, code tables instead of enums, codes
-- instead of booleans, contacts in one document.
create schema people;
create schema land;
create schema valuation;
create schema works;

create table people.party_kind (kind_id smallint primary key, label text not null unique);
insert into people.party_kind values (1, 'person'), (2, 'couple'), (3, 'trust'), (4, 'company'), (5, 'government');

create table people.party (
  party_no bigint primary key,
  display_name text not null,
  kind_id smallint not null references people.party_kind,
  contact jsonb not null,
  phones text[],
  registered timestamptz not null
);

create table land.levy_district (
  district_no smallint primary key,
  district_code text not null unique,
  title text not null,
  rate numeric(9, 6) not null,
  levied daterange not null,
  funds text[] not null
);

create table land.property (
  property_id bigint primary key,
  pin text not null unique,
  district_no smallint not null references land.levy_district,
  address text not null,
  zone text not null,
  area_acres numeric not null,
  land_worth numeric not null,
  building_worth numeric,
  frontage numrange,
  exemptions text[] not null,
  attributes jsonb not null,
  exempt char(1) not null check (exempt in ('Y', 'N')),
  county text not null,
  last_change timestamptz not null
);

create table land.holding (
  property_id bigint not null references land.property,
  party_no bigint not null references people.party,
  portion numeric(7, 6) not null,
  held daterange not null,
  deed text,
  primary key (property_id, party_no)
);

create table land.transfer (
  transfer_no bigint primary key,
  property_id bigint not null references land.property,
  buyer_no bigint not null references people.party,
  price numeric not null,
  sold_on date not null,
  recorded_at timestamptz,
  arms_length char(1),
  deed_digest bytea,
  remarks text
);

create table valuation.roll (
  property_id bigint not null references land.property,
  roll_year smallint not null,
  land_worth numeric not null,
  building_worth numeric not null,
  sales_ratio double precision,
  appeal_until date not null,
  certified_at timestamptz,
  primary key (property_id, roll_year)
);

create table valuation.appeal (
  appeal_no bigint primary key,
  property_id bigint not null,
  roll_year smallint not null,
  state text not null,
  filed_at timestamptz not null,
  asked numeric,
  decided numeric,
  hearing tstzrange,
  notes text,
  foreign key (property_id, roll_year) references valuation.roll
);

create table works.building (
  building_no bigint primary key,
  property_id bigint not null references land.property,
  part_of bigint references works.building,
  kind text not null,
  built_in integer,
  floor_area bigint,
  floor_heights numeric(5, 2)[],
  condition double precision,
  features jsonb
);

create table works.permit (
  permit_no bigint primary key,
  reference uuid not null unique,
  property_id bigint not null references land.property,
  purpose text not null,
  cost numeric,
  valid daterange not null,
  review_time interval
);

create table works.visit (
  permit_no bigint not null references works.permit,
  visited_on date not null,
  visitor text not null,
  outcome text,
  readings double precision[],
  starts_at time,
  primary key (permit_no, visited_on)
);
