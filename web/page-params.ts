/** What a page gets: the parts of its path that stand in braces, decoded. */
export type PageParams = Readonly<Record<string, string>>;
