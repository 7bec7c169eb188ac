import { ActionIcon, NativeSelect, TextInput } from '@mantine/core';
import { ArrowRight, X } from 'lucide-react';
import { useId, useState } from 'react';
import { moved, MoveButtons } from '@/components/MoveButtons';
import { offerUndo } from '@/components/UndoBar';
import classes from './Destinations.module.css';
import { fieldNames, fixedFrom, type Row } from './document';
import type { Form } from './form';
import { ANSWER_FIELDS, SYSTEM_FIELDS } from './system-fields';
import { TransformCell } from './TransformCell';

/** No field has this name. */
const FIXED = ' fixed';

interface Parts {
  form: Form;
  samples: Readonly<Record<string, string>>;
  /** What the request would send under a name. */
  sent: (to: string) => string | undefined;
}

/** The mapping, a row each: our field, what is done to it, their field, and what becomes of a lead's value. */
export function MappingTable({ form, samples, sent }: Parts) {
  const listId = useId();
  const [said, say] = useState('');
  const { draft, change, connector } = form;
  const theirs = [...new Set([...Object.values(fieldNames(connector, draft.settings)), ...Object.values(connector.system_fields)])];
  return (
    <>
      <table className={classes.map}>
        <caption className="bt-hidden">Mapping</caption>
        <thead>
          <tr>
            <th scope="col">Our field</th>
            <th scope="col">Changed by</th>
            <th scope="col">Their field</th>
            <th scope="col">Sample</th>
            <th scope="col"><span className="bt-hidden">Order and removal</span></th>
          </tr>
        </thead>
        <tbody>
          {draft.mapping.map((row, at) => (
            <MapRow
              key={row.key}
              form={form}
              row={row}
              at={at}
              count={draft.mapping.length}
              listId={listId}
              sample={row.kind === 'field' ? samples[row.from] : fixedSample(row)}
              sent={sent(row.to.trim())}
              onChange={(patch) => { change({ mapping: draft.mapping.map((one) => (one.key === row.key ? { ...one, ...patch } : one)) }); }}
              onMove={(to) => {
                change({ mapping: moved(draft.mapping, at, to) });
                say(`${rowName(row, at)} is now number ${String(to + 1)} of ${String(draft.mapping.length)}`);
              }}
              onRemove={() => {
                const before = draft.mapping;
                change({ mapping: before.filter((one) => one.key !== row.key) });
                offerUndo({ text: `“${row.to || row.from}” was removed`, undo: () => { change({ mapping: before }); } });
              }}
            />
          ))}
        </tbody>
      </table>
      <span className="bt-hidden" role="status">{said}</span>
      <datalist id={listId}>
        {theirs.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

const rowName = (row: Row, at: number): string => row.to || row.from || `row ${String(at + 1)}`;

function fixedSample(row: Row): string {
  const value = fixedFrom(row.value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function MapRow({
  form,
  row,
  at,
  count,
  listId,
  sample,
  sent,
  onChange,
  onMove,
  onRemove,
}: {
  form: Form;
  row: Row;
  at: number;
  count: number;
  listId: string;
  sample: string | undefined;
  sent: string | undefined;
  onChange: (patch: Partial<Row>) => void;
  onMove: (to: number) => void;
  onRemove: () => void;
}) {
  const { errors, campaign } = form;
  const number = String(at + 1);
  const own = campaign.fields.map((field) => field.name);
  const known = [...own, ...SYSTEM_FIELDS, ...ANSWER_FIELDS];
  const path = `mapping[${String(at)}]`;
  return (
    <tr>
      <td>
        <NativeSelect
          size="xs"
          aria-label={`Row ${number}: our field`}
          value={row.kind === 'value' ? FIXED : row.from}
          error={errors[`${path}.from`]}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange(value === FIXED ? { kind: 'value', from: '' } : { kind: 'field', from: value });
          }}
          data={[
            ...(row.kind === 'field' && !known.includes(row.from) ? [{ value: row.from, label: row.from === '' ? 'Choose…' : row.from }] : []),
            { group: 'Fields of the campaign', items: own },
            { group: 'About the lead', items: [...SYSTEM_FIELDS] },
            { group: 'From an earlier answer', items: [...ANSWER_FIELDS] },
            { group: 'Otherwise', items: [{ value: FIXED, label: 'A fixed value' }] },
          ]}
        />
        {row.kind === 'value' && (
          <TextInput
            size="xs"
            mt={4}
            aria-label={`Row ${number}: fixed value`}
            placeholder="baton"
            value={row.value}
            error={errors[`${path}.value`]}
            onChange={(event) => { onChange({ value: event.currentTarget.value }); }}
          />
        )}
      </td>
      <td>
        <TransformCell
          words={row.transform}
          name={`Row ${number}`}
          disabled={!form.canWrite}
          error={Object.entries(errors).find(([key]) => key.startsWith(`${path}.transform`))?.[1]}
          onChange={(transform) => { onChange({ transform }); }}
        />
      </td>
      <td>
        <TextInput
          size="xs"
          aria-label={`Row ${number}: their field`}
          placeholder="Mobile"
          list={listId}
          spellCheck={false}
          autoComplete="off"
          value={row.to}
          error={errors[`${path}.to`] ?? errors[path]}
          onChange={(event) => { onChange({ to: event.currentTarget.value }); }}
        />
      </td>
      <td className={classes.sample}>
        {/* Unchanged, the two are the same; those of a made-up lead are made up anew for each call. */}
        <Sample from={row.transform.length === 0 ? (sent ?? sample) : sample} to={sent} />
      </td>
      <td className={classes.remove}>
        {form.canWrite && (
          <span className={classes.rowButtons}>
            <MoveButtons name={rowName(row, at)} at={at} count={count} onMove={onMove} />
            <ActionIcon size={26} aria-label={`Remove row ${number}, ${row.to || row.from}`} onClick={onRemove}>
              <X size={14} />
            </ActionIcon>
          </span>
        )}
      </td>
    </tr>
  );
}

/** A lead's value and what is sent for it, when that differs. */
function Sample({ from, to }: { from: string | undefined; to: string | undefined }) {
  if (from === undefined && to === undefined) return <span className="bt-dim">missing: not sent</span>;
  if (from === to || to === undefined) {
    return <span className={to === undefined ? 'bt-outside bt-dim' : 'bt-outside'} title={from}>{from}</span>;
  }
  return (
    <>
      {from !== undefined && (
        <>
          <span className="bt-outside bt-dim" title={from}>{from}</span>{' '}
        </>
      )}
      <span className={classes.becomes}>
        <ArrowRight size={12} aria-hidden="true" />
        <span className="bt-hidden"> becomes </span>
        <span className="bt-outside" title={to}>{to}</span>
      </span>
    </>
  );
}
