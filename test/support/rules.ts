import { parseHostPolicy } from '../../lib/model/host-policy.ts';
import type { ConnectionRules } from '../../lib/postgres/connect.ts';

/** As the service on one machine connects: to any server, loopback too, with the TLS that the connection asks for. */
export const ON_ONE_MACHINE: ConnectionRules = { tls: 'as_asked', hosts: parseHostPolicy('*,this-machine') };
