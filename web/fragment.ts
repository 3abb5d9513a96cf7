/** The token in an address that ends with `#token=...`, as `npm start` prints it. A fragment is never sent to a server. */
export function tokenInFragment(hash: string): string | undefined {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token')?.trim();
  return token === '' ? undefined : token;
}
