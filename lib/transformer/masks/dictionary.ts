const words = (text: string): readonly string[] => text.split(' ');

/** Common names of no one in particular. The order is part of what a mask gives: add at the end only with a new kind. */
export const FIRST_NAMES = words(
  'Ada Adam Agnes Alan Alice Amir Amy Ana Andre Anna Anton Arthur Aya Ben Bella Boris Bruno Carl Carla Cesar Chen Chloe Clara Dana Daniel David Diana Dora Edgar Elena Eli Ella Emil Emma Enzo Erik Eva Felix Fiona Frank Gina Grace Greta Hana Hans Hugo Ida Igor Irene Iris Ivan Jack Jade Jana Jonas Julia Kai Kara Karl Kira Lara Laura Leo Liam Lena Linda Lucas Luisa Maia Marco Maria Mark Marta Max Mia Mila Milo Nadia Nina Noah Nora Olga Oscar Otto Owen Paul Petra Rafael Rita Rosa Ruth Sara Simon Sofia Theo Tina Vera Victor Yara',
);
export const LAST_NAMES = words(
  'Abbott Adler Allen Archer Baker Barnes Becker Bell Berg Bishop Blake Bloom Boyd Brandt Brooks Burke Carter Castro Chase Clark Cole Cook Costa Cruz Dalton Diaz Dixon Drake Duran Ellis Fischer Flores Ford Foster Fox Frost Garcia Gomez Grant Gray Green Hale Hansen Harper Hayes Hill Holt Hughes Hunt Jensen Jordan Keller Kent King Klein Knight Lane Larsen Lopez Lowe Lynch Marsh Martin Mason Meyer Mills Moore Morgan Nash Nolan North Olsen Ortiz Parker Perez Porter Price Quinn Reed Reyes Rivera Roth Ruiz Russo Santos Shaw Silva Snow Stone Torres Turner Vance Vargas Vega Wagner Walsh Weber West Wolf Young',
);
export const STREETS = words(
  'Alder Apple Ash Aspen Birch Cedar Cherry Clay Clover Cypress Dogwood Elm Fern Fir Forest Garden Grove Harbor Hazel Heron Hickory Holly Ivy Juniper Lake Larch Laurel Lilac Linden Maple Meadow Mill Oak Olive Orchard Palm Park Pear Pine Plum Poplar Prairie River Rose Sage Spruce Summit Valley Walnut Willow',
);
export const STREET_KINDS = words('Ave Blvd Ct Dr Ln Pl Rd St Ter Way');
export const CITIES = words(
  'Ashford Belmont Brighton Cedarville Clearwater Clifton Dalton Eastport Fairview Farmington Franklin Georgetown Glenwood Greenfield Hamilton Hillcrest Jackson Kingston Lakewood Lincoln Madison Marion Milford Milton Newport Norwood Oakdale Oxford Pinehurst Plainview Princeton Quincy Redwood Richmond Riverside Rockport Salem Sheridan Springdale Stanton Sterling Troy Union Vernon Warren Wayne Weston Winfield Woodside York',
);
