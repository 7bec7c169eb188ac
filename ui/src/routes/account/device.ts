/** The name of a browser and system, roughly: a user agent is a claim and no identity. */
export function deviceOf(userAgent: string | null | undefined): { name: string; phone: boolean } {
  if (userAgent == null || userAgent === '') return { name: 'Unknown device', phone: false };
  const browser = BROWSERS.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const system = SYSTEMS.find(([, pattern]) => pattern.test(userAgent))?.[0];
  const name = [browser ?? userAgent.slice(0, 40), system].filter((part) => part !== undefined).join(' on ');
  return { name, phone: /Mobile|Android|iPhone/.test(userAgent) };
}

// In this order: most browsers claim to be the ones below them.
const BROWSERS: readonly (readonly [string, RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|Chromium|CriOS)\//],
  ['Safari', /\bSafari\//],
  ['curl', /^curl\//],
];

const SYSTEMS: readonly (readonly [string, RegExp])[] = [
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X|Macintosh/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux|X11/],
];
