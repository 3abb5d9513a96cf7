import { record } from './record.ts';

// For `node --import`: the service under test records itself.
record(process.env.TFSYNC_TEST_HEARD ?? '', process.env.TFSYNC_TEST_TOLD ?? '');
