import { Secret } from '../../lib/model/secret.ts';
import type { SignIn } from '../../lib/postgres/connect.ts';
import { type Credentials, presignedGet } from './signature-v4.ts';

/** What RDS takes; a connection that stands is not ended then. */
const LIFE_SECONDS = 900;

/** A password of Amazon RDS for one sign-in: a call of rds-db:connect, signed with the function's own role and never made. */
export const databaseToken =
  (credentials: () => Credentials, clock: () => Date): SignIn =>
  ({ host, port, user, region }) => {
    const query = { Action: 'connect', DBUser: user };
    const call = {
      host: `${host}:${port}`,
      region,
      service: 'rds-db',
      query,
      expiresSeconds: LIFE_SECONDS,
      at: clock(),
    };
    return new Secret(presignedGet(call, credentials()));
  };
