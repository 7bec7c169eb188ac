import { Button, Menu, SegmentedControl } from '@mantine/core';
import { Plus, Trash2, WandSparkles } from 'lucide-react';
import { Note } from '@/components/Note';
import { offerUndo } from '@/components/UndoBar';
import classes from './Destinations.module.css';
import { fieldNames, missingFields, newKey, type Row, startingRows } from './document';
import type { Form } from './form';
import { LeadChooser } from './LeadChooser';
import { MappingTable } from './MappingTable';
import { PreviewPane } from './PreviewPane';
import { sentReader } from './sent';
import { connectorName } from './show';
import { ANSWER_FIELDS, SYSTEM_FIELDS } from './system-fields';
import { usePreview, useSamples } from './use-preview';

/** How the lead's fields become the receiver's, with what that gives for a lead. */
export function MappingTab({
  form,
  lead,
  onLead,
}: {
  form: Form;
  lead: string | undefined;
  onLead: (lead: string | undefined) => void;
}) {
  const { draft, change, connector, campaign } = form;
  const preview = usePreview(form.trial, lead);
  const own = campaign.fields.map((field) => field.name);
  const used = draft.mapping.flatMap((row) => (row.kind === 'field' && row.from !== '' ? [row.from] : []));
  const samples = useSamples(campaign.id, lead, [...own, ...used]);
  const type = preview.data?.headers.find((header) => header.name.toLowerCase() === 'content-type')?.value ?? '';
  const sent = preview.data ? sentReader(type, preview.data.body, preview.data.url) : () => undefined;
  const add = (rows: readonly Row[]): void => { change({ mapping: [...draft.mapping, ...rows] }); };
  const field = (from: string): Row => {
    const spec = campaign.fields.find((one) => one.name === from);
    const to = fieldNames(connector, draft.settings)[from] ?? connector.system_fields[from] ?? spec?.delivery_name ?? from;
    return { key: newKey(), to, kind: 'field', from, value: '', transform: [] };
  };
  const unused = own.filter((name) => !used.includes(name));
  return (
    <div className={classes.mapping}>
      <div className={classes.mappingMain}>
        <Missing form={form} onAdd={(names) => { add(names.map(field)); }} />
        {draft.mapping.length === 0 ? (
          <NoMapping form={form} samples={samples} onStart={() => { add(startingRows(connector, draft.settings, campaign.fields)); }} />
        ) : (
          <MappingTable form={form} samples={samples} sent={sent} />
        )}
        {form.canWrite && (
          <div className={classes.mappingFoot}>
            <Menu position="bottom-start" width={240}>
              <Menu.Target>
                <Button variant="default" size="xs" leftSection={<Plus size={14} />}>Add a field</Button>
              </Menu.Target>
              <Menu.Dropdown className={classes.fieldMenu}>
                {unused.length > 0 && <Menu.Label>Not mapped yet</Menu.Label>}
                {unused.map((name) => (
                  <Menu.Item key={name} onClick={() => { add([field(name)]); }}>{name}</Menu.Item>
                ))}
                <Menu.Label>About the lead</Menu.Label>
                {[...SYSTEM_FIELDS, ...ANSWER_FIELDS].filter((name) => !used.includes(name)).map((name) => (
                  <Menu.Item key={name} onClick={() => { add([field(name)]); }}>{name}</Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
            <Button
              variant="default"
              size="xs"
              leftSection={<Plus size={14} />}
              onClick={() => { add([{ key: newKey(), to: '', kind: 'value', from: '', value: '', transform: [] }]); }}
            >
              Add a fixed value
            </Button>
            {draft.mapping.length > 0 && (
              <Button
                variant="subtle"
                size="xs"
                leftSection={<Trash2 size={14} />}
                onClick={() => {
                  const before = draft.mapping;
                  change({ mapping: [] });
                  offerUndo({ text: 'The mapping was emptied', undo: () => { change({ mapping: before }); } });
                }}
              >
                Remove all
              </Button>
            )}
          </div>
        )}
        {draft.mapping.length > 0 && <Rest form={form} />}
      </div>
      <aside className={classes.preview} aria-label="Preview">
        <LeadChooser campaignId={campaign.id} lead={lead} onLead={onLead} />
        <PreviewPane query={preview} />
      </aside>
    </div>
  );
}

/** On top, since a receiver refuses leads for what is missing. */
function Missing({ form, onAdd }: { form: Form; onAdd: (names: string[]) => void }) {
  const missing = missingFields(form.draft, form.connector, form.campaign.fields).map((one) => one.name);
  if (missing.length === 0) return null;
  return (
    <Note
      tone="danger"
      action={
        form.canWrite && (
          <Button size="xs" variant="default" onClick={() => { onAdd(missing); }}>
            {missing.length === 1 ? 'Add it' : 'Add them'}
          </Button>
        )
      }
    >
      Every lead has <b>{missing.join(', ')}</b>, and it is sent to nobody here: no row names{' '}
      {missing.length === 1 ? 'it' : 'them'}.
    </Note>
  );
}

function NoMapping({ form, samples, onStart }: { form: Form; samples: Readonly<Record<string, string>>; onStart: () => void }) {
  const { connector, draft, campaign } = form;
  const names = fieldNames(connector, draft.settings);
  return (
    <>
      <div className={classes.noMapping}>
        <p>
          No mapping: all fields of the lead go out
          {Object.keys(names).length > 0 ? ` under the names of ${connectorName(connector.name)}` : ' under their own names'}.
        </p>
        {form.canWrite && (
          <Button size="xs" leftSection={<WandSparkles size={14} />} onClick={onStart}>
            Start a mapping from this
          </Button>
        )}
      </div>
      <table className={classes.plain}>
        <caption className="bt-hidden">What is sent without a mapping</caption>
        <thead>
          <tr>
            <th scope="col">Our field</th>
            <th scope="col">Their field</th>
            <th scope="col">Sample</th>
          </tr>
        </thead>
        <tbody>
          {campaign.fields.map((one) => (
            <tr key={one.name}>
              <td>{one.name}</td>
              <td>{names[one.name] ?? one.delivery_name ?? one.name}</td>
              <td className="bt-outside">{samples[one.name] ?? <span className="bt-dim">—</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Rest({ form }: { form: Form }) {
  const { draft, change, connector } = form;
  const rest = draft.unmapped ?? connector.unmapped;
  return (
    <div className={classes.rest}>
      <span id="unmapped-label">Fields that no row names</span>
      <SegmentedControl
        size="xs"
        aria-labelledby="unmapped-label"
        disabled={!form.canWrite}
        value={rest}
        onChange={(value) => { change({ unmapped: value === 'send' ? 'send' : 'drop' }); }}
        data={[
          { value: 'drop', label: 'Are left out' },
          { value: 'send', label: 'Go out too' },
        ]}
      />
    </div>
  );
}
