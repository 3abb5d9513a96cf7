/** What the build puts in. */
interface ImportMeta {
  readonly env: { readonly BASE_URL: string };
}

/** See infra/web-facts.ts. */
declare module 'virtual:facts' {
  const facts: import('../lib/model/web-facts.ts').WebFacts;
  export default facts;
}

/** A style sheet that comes with the page that imports it. */
declare module '*.css' {}
