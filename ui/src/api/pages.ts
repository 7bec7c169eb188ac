/** As many rows as the API gives at once. */
const PAGE_ROWS = 200;
/** Most pages read of a list that is shown or chosen from as a whole: 10,000 rows. */
const PAGES_MAX = 50;

export interface Page<Row> {
  data: Row[];
  next_cursor?: string | null;
}

/** What asks for a page: the first one has no cursor. */
export interface PageQuery {
  limit: number;
  cursor?: string;
}

/** All rows of a list that is short: of campaigns, sources, destinations. */
export async function everyPage<Row>(read: (query: PageQuery) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await read({ limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...found.data);
    cursor = found.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return rows;
}
