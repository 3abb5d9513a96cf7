/** What the build puts in. */
interface ImportMeta {
  readonly env: { readonly BASE_URL: string };
}

/** A style sheet that comes with the page that imports it. */
declare module '*.css';
