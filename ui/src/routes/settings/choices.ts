/** The time zones this browser knows, the chosen one among them. */
export function zones(chosen: string): string[] {
  return withChosen(['UTC', ...Intl.supportedValuesOf('timeZone')], chosen);
}

/** The currencies this browser knows, by code and name. */
export function currencies(chosen: string): { value: string; label: string }[] {
  const names = new Intl.DisplayNames('en', { type: 'currency' });
  return withChosen(Intl.supportedValuesOf('currency'), chosen).map((value) => ({ value, label: `${value}, ${nameOf(names, value)}` }));
}

function withChosen(values: string[], chosen: string): string[] {
  return [...new Set([...values, chosen])];
}

function nameOf(names: Intl.DisplayNames, code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}
