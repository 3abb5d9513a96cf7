/** What the build puts in. */
interface ImportMeta {
  readonly env: { readonly BASE_URL: string };
}
