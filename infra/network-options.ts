import type { Node } from 'constructs';

/** An existing VPC for the functions that open databases. */
export interface NetworkOptions {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** Absent: the network reaches AWS by itself, through a NAT gateway or endpoints that are there. */
  readonly endpoints?: { readonly routeTableIds: readonly string[] };
}

const ID = {
  vpcId: /^vpc-[0-9a-f]{8,17}$/,
  subnetIds: /^subnet-[0-9a-f]{8,17}$/,
  routeTableIds: /^rtb-[0-9a-f]{8,17}$/,
};

/**
 * `cdk deploy -c vpcId=vpc-... -c subnetIds=subnet-...,subnet-... [-c routeTableIds=rtb-...]`. Route tables ask for endpoints
 * of AWS's services in that network. Context and not parameters, because what is not asked for is not in the template.
 * Throws, all problems at once, on values that no AWS id looks like and on a subnet without a VPC.
 */
export function networkOptions(node: Node): NetworkOptions | undefined {
  const given = (name: keyof typeof ID): readonly string[] => {
    const text: unknown = node.tryGetContext(name);
    return text === undefined ? [] : String(text).split(',');
  };
  const problems = (Object.keys(ID) as (keyof typeof ID)[]).flatMap((name) =>
    given(name)
      .filter((id) => !ID[name].test(id))
      .map((id) => `${name}: expected ids like ${ID[name].source}, found ${JSON.stringify(id)}`),
  );
  const [vpcId, ...further] = given('vpcId');
  const [subnetIds, routeTableIds] = [given('subnetIds'), given('routeTableIds')];
  if (further.length > 0) problems.push('vpcId: expected one');
  if (vpcId === undefined && subnetIds.length + routeTableIds.length > 0)
    problems.push('subnetIds and routeTableIds: expected a vpcId with them');
  if (vpcId !== undefined && subnetIds.length === 0) problems.push('vpcId: expected subnetIds with it');
  if (problems.length > 0) throw new Error(`The network of the deployment:\n- ${problems.join('\n- ')}`);

  if (vpcId === undefined) return undefined;
  return { vpcId, subnetIds, ...(routeTableIds.length > 0 && { endpoints: { routeTableIds } }) };
}
