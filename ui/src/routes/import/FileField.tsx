import { FileText, Upload } from 'lucide-react';
import { useId, useState } from 'react';
import { bytes } from '@/components/json-text';
import classes from './Import.module.css';

/** Takes a file, dropped or chosen. */
export function FileField({
  file,
  fault,
  onChoose,
}: {
  file: File | undefined;
  fault?: string | undefined;
  onChoose: (file: File) => void;
}) {
  const id = useId();
  const [over, setOver] = useState(false);
  const Icon = file ? FileText : Upload;
  return (
    <>
      <div
        className={classes.drop}
        data-over={over || undefined}
        data-fault={fault !== undefined || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => { setOver(false); }}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const [dropped] = event.dataTransfer.files;
          if (dropped) onChoose(dropped);
        }}
      >
        <Icon size={20} strokeWidth={1.7} aria-hidden="true" />
        <input
          id={id}
          className={`bt-hidden ${classes.file ?? ''}`}
          type="file"
          accept=".csv,.tsv,.txt,.jsonl,.ndjson,.json,text/csv"
          onChange={(event) => {
            const [picked] = event.currentTarget.files ?? [];
            if (picked) onChoose(picked);
          }}
        />
        <label htmlFor={id}>
          {file ? (
            <>
              <strong className="bt-outside">{file.name}</strong> <span className="bt-dim">{bytes(file.size)}</span>
              <span className={classes.other}>Choose another</span>
            </>
          ) : (
            <>
              <strong>Choose a file</strong> <span className="bt-dim">or drop it here</span>
            </>
          )}
        </label>
      </div>
      {fault !== undefined && <p className={classes.fault} role="alert">{fault}</p>}
    </>
  );
}
