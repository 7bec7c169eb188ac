import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { destinationNames } from '@/api/names';
import type { Problem } from '@/api/problem';
import { useCan } from '@/api/use-me';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { bytes } from '@/components/json-text';
import { ProblemPanel } from '@/components/ProblemPanel';
import { cancelImport, type Import, isAtWork, oneImport, runImport } from './api';
import { FileField } from './FileField';
import { startUpload, stopUpload, type Upload } from './upload';
import classes from './Import.module.css';

function useTold(id: string): (now: Import) => void {
  const queryClient = useQueryClient();
  return (now) => {
    queryClient.setQueryData(oneImport(id).queryKey, now);
  };
}

/** Run what was checked; stop what is at work. */
export function ImportActions({ one }: { one: Import }) {
  const can = useCan('leads:write');
  const [dialog, setDialog] = useState<'run' | 'cancel'>();
  const told = useTold(one.id);
  const close = (): void => { setDialog(undefined); };
  const act = useMutation<Import, Problem, 'run' | 'cancel'>({
    mutationFn: (what) => {
      if (what === 'run') return runImport(one.id);
      stopUpload(one.id);
      return cancelImport(one.id);
    },
    onSuccess: (now) => {
      close();
      told(now);
    },
  });
  const { data: destinations = [] } = useQuery({ ...destinationNames, enabled: can && one.deliver });
  if (!can) return null;
  const leads = one.accepted === 1 ? '1 lead' : `${one.accepted.toLocaleString('en')} leads`;
  const receivers = destinations.filter((to) => to.campaign_id === one.campaign_id && to.disabled == null && to.failover_only !== true);
  const begin = (): void => {
    // Storing can be looked at afterwards; what is sent is sent.
    if (one.deliver) setDialog('run');
    else act.mutate('run');
  };
  const ends = isAtWork(one) || one.state === 'waiting' || one.state === 'checked';
  return (
    <>
      {ends && (
        <Button variant="default" onClick={() => { setDialog('cancel'); }}>
          {one.state === 'checked' ? 'Drop it' : 'Stop'}
        </Button>
      )}
      {one.state === 'checked' && (
        <Button disabled={one.accepted === 0} loading={act.isPending && dialog === undefined} onClick={begin}>
          Import {leads}
        </Button>
      )}
      {act.error && dialog === undefined && <ProblemPanel error={act.error} />}
      <ConfirmDialog opened={dialog === 'run'} danger title={`Import and deliver ${leads}?`} confirmLabel={`Send ${leads}`} busy={act.isPending} error={act.error} onCancel={close} onConfirm={() => { act.mutate('run'); }}>
        They are sent to {receivers.length === 0 ? 'no destination' : <bdi className="bt-outside">{receivers.map((to) => to.name).join(', ')}</bdi>}, and webhooks are told. What is sent cannot be taken back.
      </ConfirmDialog>
      <ConfirmDialog opened={dialog === 'cancel'} title={one.state === 'importing' ? 'Stop the import?' : 'Stop it?'} confirmLabel="Stop" cancelLabel="Go on" busy={act.isPending} error={act.error} onCancel={close} onConfirm={() => { act.mutate('cancel'); }}>
        {one.state === 'importing'
          ? `The ${leads} that were stored stay; the rows after them are not read. It cannot go on afterwards.`
          : 'Nothing has been stored. Its file is removed.'}
      </ConfirmDialog>
    </>
  );
}

/** The file is on its way, or has to be chosen again: a page that was loaded anew has lost it. */
export function WaitsForFile({ one, upload }: { one: Import; upload: Upload | undefined }) {
  const queryClient = useQueryClient();
  const can = useCan('leads:write');
  const send = (file: File): void => {
    startUpload(one.id, file, () => void queryClient.invalidateQueries({ queryKey: oneImport(one.id).queryKey }));
  };
  if (upload?.state === 'sending' || upload?.state === 'done') {
    const part = upload.bytes === 0 ? 100 : Math.floor((upload.sent / upload.bytes) * 100);
    return (
      <div className={classes.progress}>
        <progress className={classes.meter} max={100} value={part} aria-label="How much of the file has been sent" data-live="" />
        <p>
          <strong>Sending the file</strong>{' '}
          <span className="bt-dim bt-num">
            {bytes(upload.sent)} of {bytes(upload.bytes)}. Keep this tab open until it is there.
          </span>
        </p>
      </div>
    );
  }
  return (
    <div className={classes.waiting}>
      {upload?.problem && <ProblemPanel error={upload.problem} title="The file did not arrive" />}
      <p>
        {upload?.state === 'failed' ? 'Choose it again to send it once more.' : 'It waits for its file. Choose the same file again, and it goes on.'}
        {' '}After a day without it, it ends by itself.
      </p>
      {can && <FileField file={undefined} onChoose={send} />}
    </div>
  );
}
