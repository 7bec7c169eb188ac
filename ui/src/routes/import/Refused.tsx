import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import type { Problem } from '@/api/problem';
import { sentence } from '@/api/problem';
import { download } from '@/components/download';
import { ProblemPanel } from '@/components/ProblemPanel';
import { plain } from '@/words';
import { type Import, REPORT_ROWS_SHOWN, reportFile, reportHead } from './api';
import classes from './Import.module.css';

/** The report: which rows were refused or repeat a lead, and why. */
export function Refused({ one }: { one: Import }) {
  const query = useQuery(reportHead(one));
  const save = useMutation<void, Problem>({
    mutationFn: async () => {
      download(`report-${one.id}.csv`, await reportFile(one.id));
    },
  });
  const more = one.reported > REPORT_ROWS_SHOWN;
  return (
    <section className={classes.refused} aria-label="Report">
      <div className={classes.refusedHead}>
        <h2>Rows to look at</h2>
        <Button size="xs" variant="default" leftSection={<Download size={14} />} loading={save.isPending} onClick={() => { save.mutate(); }}>
          Download the report
        </Button>
      </div>
      {(query.error ?? save.error) && <ProblemPanel error={query.error ?? save.error} />}
      {query.data && (
        <div className={classes.columns} tabIndex={0} role="region" aria-label="Rows of the report">
          <table>
            <thead>
              <tr>
                <th scope="col">Row</th>
                <th scope="col">Field</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {query.data.map((row, at) => (
                <tr key={at}>
                  <td className="bt-num" title={`Line ${String(row.line)} of the file`}>{row.row.toLocaleString('en')}</td>
                  <td className="bt-outside">{row.field === '' ? <span className="bt-dim">the whole row</span> : row.field}</td>
                  <td className="bt-outside">
                    <strong>{plain(row.code)}</strong>
                    {row.message !== '' && <span className="bt-dim"> {sentence(row.message)}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="bt-dim">
        {more && `The first ${String(REPORT_ROWS_SHOWN)} of ${one.reported.toLocaleString('en')} are shown; the file has them all. `}
        Rows are counted as a spreadsheet does: the header is row 1. The values of rows are not kept.
      </p>
    </section>
  );
}
