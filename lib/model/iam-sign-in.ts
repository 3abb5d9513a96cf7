/** How a connection signs in by AWS IAM: with a token for this region in place of a password. */
export interface IamSignIn {
  readonly region: string;
}

const REGION = /^[a-z]{2}(-[a-z]+){1,3}-\d{1,2}$/;

/** Endpoints of instances, clusters and proxies; in China the region stands elsewhere. */
const ENDPOINTS = [
  /\.([a-z]{2}(?:-[a-z]+){1,3}-\d{1,2})\.rds\.amazonaws\.com$/,
  /\.rds\.(cn-[a-z]+-\d{1,2})\.amazonaws\.com\.cn$/,
];

/** The region that the name of an Amazon RDS endpoint holds. */
export const regionOfHost = (host: string): string | undefined =>
  ENDPOINTS.map((pattern) => pattern.exec(host)?.[1]).find((region) => region !== undefined);

/** What a connection string says of it. */
export interface SaidSignIn {
  readonly auth: string | undefined;
  readonly region: string | undefined;
  readonly host: string;
  readonly hasPassword: boolean;
}

/** How to sign in; nothing where a password does it; or what is wrong, in words that repeat nothing of the text. */
export function readSignIn({ auth, region, host, hasPassword }: SaidSignIn): IamSignIn | undefined | string {
  if (auth === undefined) return region === undefined ? undefined : 'expected auth=iam beside region';
  if (auth !== 'iam') return 'expected auth to be iam, or left out for a password';
  if (hasPassword) return 'expected no password beside auth=iam: a token takes its place';
  if (region !== undefined && !REGION.test(region)) return 'expected region to be the name of one, such as eu-west-1';
  const known = regionOfHost(host);
  if (known !== undefined && region !== undefined && known !== region)
    return 'expected the region that the name of the host holds, or none';
  const found = known ?? region;
  return found === undefined ? 'expected region= beside auth=iam: the name of the host holds none' : { region: found };
}
