/** Reads what a request would send under a name: in JSON and XML by dots, in forms by the name. */
export function sentReader(contentType: string, body: string, url: string): (to: string) => string | undefined {
  if (/json/i.test(contentType)) {
    const root = json(body);
    return (to) => show(inJson(root, to));
  }
  if (/xml/i.test(contentType)) {
    const root = new DOMParser().parseFromString(body, 'application/xml').documentElement;
    return (to) => inXml(root, to);
  }
  const form = new URLSearchParams(/urlencoded/i.test(contentType) ? body : (url.split('?')[1] ?? ''));
  return (to) => form.get(to) ?? undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function inJson(root: unknown, to: string): unknown {
  // Some receivers want the payload within a list or an object of one member.
  for (const place of [root, ...inner(root)]) {
    const found = to.split('.').reduce<unknown>((value, part) => member(value, part), place);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inner(root: unknown): unknown[] {
  if (Array.isArray(root)) return root.slice(0, 1);
  return typeof root === 'object' && root !== null ? Object.values(root).flatMap((v) => (Array.isArray(v) ? v.slice(0, 1) : [v])) : [];
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function inXml(root: Element, to: string): string | undefined {
  let at: Element | undefined = root;
  for (const part of to.split('.')) at = at && [...at.children].find((child) => child.localName === part);
  return at?.textContent ?? undefined;
}

function show(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
