import { useMemo } from 'react';
import { encode } from 'uqr';
import classes from './Account.module.css';

/** A QR code drawn here: what it says is a secret and is told to nobody. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => {
    const { data, size } = encode(text, { ecc: 'M', border: 2 });
    const cells: string[] = [];
    data.forEach((row, y) => {
      row.forEach((dark, x) => {
        if (dark) cells.push(`M${String(x)} ${String(y)}h1v1h-1z`);
      });
    });
    return { path: cells.join(''), size };
  }, [text]);
  return (
    <svg className={classes.qr} viewBox={`0 0 ${String(size)} ${String(size)}`} role="img" aria-label={label} shapeRendering="crispEdges">
      {/* Dark on light in both colour schemes: many apps read nothing else. */}
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
