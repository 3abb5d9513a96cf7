/** One state of a named thing; the time of its making tells it from one of the same name that was deleted. */
export interface EntityVersion {
  readonly revision: number;
  readonly created_at: string;
}

/** What a caller says that they have seen: this state, that there is none, or nothing. */
export type SeenVersion = EntityVersion | 'absent' | undefined;

/** Whether it is still so; who says nothing takes it as it is. */
export const isAsSeen = (now: EntityVersion | undefined, seen: SeenVersion): boolean =>
  seen === undefined ||
  (seen === 'absent' ? now === undefined : now?.revision === seen.revision && now.created_at === seen.created_at);
