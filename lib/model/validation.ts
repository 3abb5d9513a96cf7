const CATALOGUE = {
  pending: 'Nothing of the table was compared yet.',
  comparing: 'Source and target are being compared and brought in step.',
  validating: 'The final comparison is under way.',
  validated: 'Every bucket compared equal after the last write of the job into it.',
  in_flight: 'Equal, but for rows that changed while the job ran and still do.',
  conflicting: 'Equal, but for conflicts that wait for somebody to decide them.',
  quarantined: 'Equal, but for rows that were put aside, each with its reason.',
  mismatched: 'The final comparison found differences that no rule explains.',
  untouched: 'Not compared: no write was counted on either side since an earlier job compared it equal.',
  compared: 'A dry run has compared it and written nothing.',
  unverified: 'Brought in step; the config asked for no final comparison.',
  interrupted: 'The job ended or was stopped before the table was decided.',
  error: 'The table could not be worked on; its failure says why.',
} as const;

/** What is known of a table's equality, now. */
export type ValidationState = keyof typeof CATALOGUE;

/** Each state with its meaning. */
export const VALIDATION: Readonly<Record<ValidationState, string>> = CATALOGUE;

export const VALIDATION_STATES = Object.keys(CATALOGUE) as [ValidationState, ...ValidationState[]]; // keys of the catalogue
