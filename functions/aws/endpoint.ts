type Environment = Readonly<Record<string, string | undefined>>;

/** Where a service of AWS answers, by the SDKs' own variables, for calls that no SDK makes. Absent: at AWS's own address. */
export const endpointOf = (service: string, env: Environment = process.env): string | undefined =>
  env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL || undefined;
