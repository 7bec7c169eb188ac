import { Input, NativeSelect, TextInput } from '@mantine/core';
import { type ReactNode, useId, useState } from 'react';
import { splitRate, splitSpan, type SpanUnit } from './span';
import classes from './SpanInput.module.css';

interface Part {
  label: string;
  description?: ReactNode;
  /** As the API writes it, `''` for none. */
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
  placeholder?: string;
}

const UNITS: readonly { value: SpanUnit; label: string }[] = [
  { value: 's', label: 'seconds' },
  { value: 'm', label: 'minutes' },
  { value: 'h', label: 'hours' },
  { value: 'd', label: 'days' },
];

/** A span of time, such as `30s`: a number and its unit. Empty is none. */
export function SpanInput({ units, ...part }: Part & { units: readonly SpanUnit[] }) {
  const { count, unit } = splitSpan(part.value);
  return (
    <Two
      {...part}
      count={count}
      unit={unit}
      preferred={units[0] ?? 's'}
      data={UNITS.filter((one) => units.includes(one.value) || one.value === unit)}
      join={(number, word) => `${number}${word}`}
    />
  );
}

const PER = [
  { value: 's', label: 'per second' },
  { value: 'm', label: 'per minute' },
  { value: 'h', label: 'per hour' },
];

/** So many in a span of time, such as `100/m`. Empty is no limit. */
export function RateInput(part: Part) {
  const { count, per } = splitRate(part.value);
  return <Two {...part} count={count} unit={per} preferred="m" data={PER} join={(number, word) => `${number}/${word}`} />;
}

function Two({
  label,
  description,
  error,
  placeholder,
  count,
  unit,
  preferred,
  data,
  join,
  onChange,
}: Part & {
  count: string;
  unit: string;
  preferred: string;
  data: readonly { value: string; label: string }[];
  join: (count: string, unit: string) => string;
}) {
  const id = useId();
  // Without a number there is no text to keep the unit in.
  const [chosen, setChosen] = useState(preferred);
  const shown = count === '' ? chosen : unit;
  return (
    <Input.Wrapper label={label} description={description} error={error} labelProps={{ htmlFor: id }}>
      <div className={classes.row} style={description === undefined ? {} : { marginTop: 5 }}>
        <TextInput
          id={id}
          className={classes.count}
          inputMode="numeric"
          value={count}
          placeholder={placeholder ?? 'None'}
          error={error !== undefined}
          onChange={(event) => {
            const digits = event.currentTarget.value.replace(/\D/g, '').slice(0, 9);
            onChange(digits === '' ? '' : join(String(Number(digits)), shown));
          }}
        />
        <NativeSelect
          className={classes.unit}
          aria-label={`${label}: unit`}
          data={[...data]}
          value={shown}
          onChange={(event) => {
            setChosen(event.currentTarget.value);
            if (count !== '') onChange(join(count, event.currentTarget.value));
          }}
        />
      </div>
    </Input.Wrapper>
  );
}
