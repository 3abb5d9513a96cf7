/** A way to decide a row that both sides have, differently. */
export interface ConflictStrategy {
  readonly name: string;
  readonly summary: string;
  /** Which side's row stands; the decision carries its rule into the audit trail. */
  decide(): { readonly winner: 'source' | 'target'; readonly rule: string };
}
