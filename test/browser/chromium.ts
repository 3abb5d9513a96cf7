import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's place, where `.ci/run` installs it. */
const CHROMIUM = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium';

/** Why browser tests cannot run here; undefined where they can. */
export const noBrowser: string | undefined = existsSync(CHROMIUM)
  ? undefined
  : `there is no Chromium at ${CHROMIUM}; install it (apt-get install chromium) or name another in TEST_CHROMIUM`;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
