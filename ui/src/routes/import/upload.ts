import { useStore, makeStore } from '@/api/store';
import { asProblem, type Problem } from '@/api/problem';
import { putPart } from './api';

/** One part of a file; a multiple of 262 144 bytes, as the API wants it. */
export const PART_BYTES = 8 * 262_144;

export interface Upload {
  /** Bytes that have arrived. */
  sent: number;
  bytes: number;
  state: 'sending' | 'done' | 'stopped' | 'failed';
  problem?: Problem;
}

/** Files on their way, by import: they go on when the person looks at another screen. */
const uploads = makeStore<ReadonlyMap<string, Upload>>(new Map());
const running = new Map<string, AbortController>();

export function useUpload(id: string): Upload | undefined {
  return useStore(uploads).get(id);
}

/** Whether a file is on its way, so that closing the tab loses something. */
export function isSending(): boolean {
  return [...uploads.get().values()].some((upload) => upload.state === 'sending');
}

function put(id: string, upload: Upload): void {
  uploads.set(new Map(uploads.get()).set(id, upload));
}

/** Sends the file in parts. `onDone` is called when all of it has arrived. */
export function startUpload(id: string, file: Blob, onDone: () => void): void {
  stopUpload(id);
  const abort = new AbortController();
  running.set(id, abort);
  void sendAll(id, file, abort.signal).then((arrived) => {
    if (running.get(id) === abort) running.delete(id);
    if (arrived) onDone();
  });
}

/** Stops sending; the import then waits for its file. */
export function stopUpload(id: string): void {
  running.get(id)?.abort();
  running.delete(id);
  const upload = uploads.get().get(id);
  if (upload?.state === 'sending') put(id, { ...upload, state: 'stopped' });
}

async function sendAll(id: string, file: Blob, signal: AbortSignal): Promise<boolean> {
  const bytes = file.size;
  put(id, { sent: 0, bytes, state: 'sending' });
  try {
    for (const part of partsOf(bytes)) {
      await putPart(id, file.slice(part.from, part.to), part.from, part.more, signal);
      if (signal.aborted) return false;
      put(id, { sent: part.to, bytes, state: 'sending' });
    }
    put(id, { sent: bytes, bytes, state: 'done' });
    return true;
  } catch (thrown) {
    if (!signal.aborted) {
      put(id, { sent: uploads.get().get(id)?.sent ?? 0, bytes, state: 'failed', problem: asProblem(thrown) });
    }
    return false;
  }
}

/** The parts of a file of so many bytes; one even for an empty file, so that the server hears of it. */
export function partsOf(bytes: number): { from: number; to: number; more: boolean }[] {
  const parts = [];
  let from = 0;
  do {
    const to = Math.min(bytes, from + PART_BYTES);
    parts.push({ from, to, more: to < bytes });
    from = to;
  } while (from < bytes);
  return parts;
}
