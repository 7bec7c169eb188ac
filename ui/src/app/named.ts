/** Most of one kind that a text finds. */
const SHOWN = 4;

/** A thing of the set-up that people know by its name. */
export interface Named {
  id: string;
  name: string;
  /** What tells it from others of its name: a reference, the campaign it belongs to. */
  hint: string | undefined;
}

/** Those with the text in their name, or in what tells them apart as a whole; the first few. */
export function findNamed<Row extends Named>(text: string, rows: readonly Row[]): Row[] {
  const word = text.trim().toLowerCase();
  if (word === '') return [];
  return rows.filter(({ name, hint }) => name.toLowerCase().includes(word) || hint?.toLowerCase() === word).slice(0, SHOWN);
}
