import { standardHeaders } from './transport';
import { workspace } from './session';

/** One event of `GET /api/v1/stream`. */
export interface StreamEvent {
  id: string;
  /** Its kind, such as `lead.created`. */
  kind: string;
  /** The event as JSON text; parse it only when it is needed. */
  data: string;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** How long a hidden page goes on listening: the server has a limited number of streams. */
const HIDDEN_MS = 60_000;

type Heard = (event: StreamEvent) => void;

/**
 * The events of the workspace, over one connection for the whole page. It is open while somebody
 * listens and the page is seen, and goes on where it was when the connection drops. (`EventSource`
 * cannot send the header that names the workspace.)
 */
class Stream {
  private readonly listeners = new Set<Heard>();
  private abort: AbortController | undefined;
  private lastId: string | undefined;
  private wait = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private watches = false;

  listen(heard: Heard): () => void {
    this.watchPage();
    this.listeners.add(heard);
    this.open();
    return () => {
      this.listeners.delete(heard);
      if (this.listeners.size === 0) this.close();
    };
  }

  /** Begins anew at the present: the workspace is another one. */
  restart(): void {
    this.close();
    this.lastId = undefined;
    this.open();
  }

  private watchPage(): void {
    if (this.watches) return;
    this.watches = true;
    workspace.subscribe(() => {
      this.restart();
    });
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.hiding);
      if (document.hidden) {
        this.hiding = setTimeout(() => {
          this.close();
        }, HIDDEN_MS);
      } else {
        this.open();
      }
    });
  }

  private open(): void {
    if (this.abort || this.listeners.size === 0) return;
    clearTimeout(this.timer);
    const abort = new AbortController();
    this.abort = abort;
    void this.run(abort.signal).finally(() => {
      if (this.abort !== abort) return;
      this.abort = undefined;
      this.timer = setTimeout(() => {
        this.open();
      }, this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    });
  }

  private close(): void {
    clearTimeout(this.timer);
    const abort = this.abort;
    this.abort = undefined;
    abort?.abort();
  }

  private async run(signal: AbortSignal): Promise<void> {
    try {
      const headers: Record<string, string> = { ...standardHeaders(), Accept: 'text/event-stream' };
      if (this.lastId !== undefined) headers['Last-Event-ID'] = this.lastId;
      const response = await fetch('/api/v1/stream', { headers, signal, cache: 'no-store' });
      if (!response.ok || !response.body) return;
      this.wait = FIRST_WAIT_MS;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parse = eventParser((event) => {
        this.lastId = event.id === '' ? this.lastId : event.id;
        for (const listener of [...this.listeners]) listener(event);
      });
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        parse(value);
      }
    } catch {
      // The connection dropped, or was closed by us: either way it is opened again when needed.
    }
  }
}

export const stream = new Stream();

/** Reads server-sent events from pieces of text that end anywhere. */
export function eventParser(heard: Heard): (piece: string) => void {
  let rest = '';
  let event: StreamEvent = { id: '', kind: '', data: '' };
  let hasData = false;
  const line = (text: string): void => {
    if (text === '') {
      if (hasData) heard(event);
      event = { id: '', kind: '', data: '' };
      hasData = false;
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') event.id = value;
    else if (name === 'event') event.kind = value;
    else if (name === 'data') {
      event.data = hasData ? `${event.data}\n${value}` : value;
      hasData = true;
    }
  };
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const text of lines) line(text);
  };
}
