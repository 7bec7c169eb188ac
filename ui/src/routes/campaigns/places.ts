/** ISO 3166-1 alpha-2, with names in the browser's words. */
const COUNTRIES =
  'AD AE AF AG AI AL AM AO AR AS AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'.split(
    ' ',
  );

/** Those most campaigns are of come first. */
const OFTEN = ['US', 'GB', 'CA', 'AU', 'IE', 'DE'];

export interface Option {
  value: string;
  label: string;
}

/** Countries to choose from; one that is set and not known here stays. */
export function countries(set: string): Option[] {
  const names = display('region');
  const all = COUNTRIES.map((code) => ({ value: code, label: `${names(code)} (${code})` }));
  all.sort((one, other) => one.label.localeCompare(other.label));
  const often = OFTEN.flatMap((code) => all.find((one) => one.value === code) ?? []);
  const rest = all.filter((one) => !OFTEN.includes(one.value));
  return withSet([...often, ...rest], set);
}

/** Currencies to choose from. */
export function currencies(set: string): Option[] {
  const names = display('currency');
  let codes: string[];
  try {
    codes = Intl.supportedValuesOf('currency');
  } catch {
    codes = ['USD', 'EUR', 'GBP', 'CAD', 'AUD'];
  }
  const often = ['USD', 'EUR', 'GBP', 'CAD', 'AUD'];
  const ordered = [...often, ...codes.filter((code) => !often.includes(code))];
  return withSet(ordered.map((code) => ({ value: code, label: `${code}, ${names(code)}` })), set);
}

function withSet(options: Option[], set: string): Option[] {
  return set === '' || options.some((one) => one.value === set) ? options : [{ value: set, label: set }, ...options];
}

function display(type: 'region' | 'currency'): (code: string) => string {
  const names = new Intl.DisplayNames(['en'], { type });
  return (code) => names.of(code) ?? code;
}
