import { lazy } from '../aws/lazy.ts';
import { answerPage, type PageEvent } from './answer.ts';
import { readWebFiles } from './files.ts';
import { readSignIn } from './sign-in.ts';

/** The files lie beside the bundle. They are few and small (see test/infra/web-files.test.ts), so all are read at once. */
const files = lazy(() => readWebFiles(new URL('pages/', import.meta.url)));

const signIn = lazy(() => readSignIn(process.env));

/** Lambda handler of the web UI: needs nothing from outside, and may do nothing. */
export const handler = async (event: PageEvent) => answerPage(event, files, signIn);
