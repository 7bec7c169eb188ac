/** A lead in one line: who, and how to reach them. Any field may be missing, or not be text. */
export function leadLine(fields: Readonly<Record<string, unknown>> | undefined): { title: string; sub: string } {
  const text = (name: string): string => {
    const value = fields?.[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  };
  const name = text('full_name') || text('name') || [text('first_name'), text('last_name')].filter(Boolean).join(' ');
  const mail = text('email');
  const phone = text('phone');
  const title = name || mail || phone;
  const sub = [mail, phone].filter((part) => part !== '' && part !== title).join(' · ');
  return { title, sub };
}
