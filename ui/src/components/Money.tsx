/**
 * An amount as the API gives it: a decimal string. It is put together from its digits and never
 * becomes a floating-point number, so no cent is lost or made.
 */
export function Money({ amount, currency }: { amount: string | null | undefined; currency: string }) {
  if (amount == null || amount === '') return <span className="bt-dim">—</span>;
  return (
    <span className="bt-num" title={`${amount} ${currency}`}>
      {money(amount, currency)}
    </span>
  );
}

/** "£1,234.50". Text that is no amount stays as it is. */
export function money(amount: string, currency: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount.trim());
  if (!parts) return amount;
  const [, sign = '', whole = '0', fraction = ''] = parts;
  const digits = currencyDigits(currency);
  const grouped = whole.replace(/^0+(?=\d)/, '').replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  // Fractions of a cent are shown when there are any: prices of leads have them.
  const cents = fraction.replace(/0+$/, '').padEnd(digits, '0');
  const number = cents === '' ? grouped : `${grouped}.${cents}`;
  const symbol = SYMBOLS[currency];
  return symbol === undefined ? `${sign}${number} ${currency}` : `${sign}${symbol}${number}`;
}

const SYMBOLS: Readonly<Record<string, string>> = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹' };

function currencyDigits(currency: string): number {
  try {
    const options = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
    return options.maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}
