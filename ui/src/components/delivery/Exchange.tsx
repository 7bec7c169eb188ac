import { useId, useState } from 'react';
import { ChevronRight } from 'lucide-react';
import type { Attempt } from '@/api/inbox';
import { CopyButton } from '@/components/CopyButton';
import { bytes } from '@/components/json-text';
import { JsonPane } from '@/components/JsonPane';
import { curlText } from './curl';
import classes from './Exchange.module.css';

type Sent = NonNullable<Attempt['request']>;
type Answer = NonNullable<Attempt['answer']>;
type Fault = NonNullable<Attempt['fault']>;

/** How much of an answer the server keeps. */
const KEPT_BYTES = 65_536;

/** What was sent and what came back, beside each other where there is room. */
export function Exchange({
  request,
  answer,
  fault,
}: {
  request: Sent | null | undefined;
  answer: Answer | null | undefined;
  fault: Fault | null | undefined;
}) {
  return (
    <div className={classes.sides}>
      <section className={classes.side} aria-label="Request">
        <div className={classes.head}>
          <h4 className={classes.title}>Request</h4>
          {request && <CopyButton text={curlText(request)} what="as curl" label="Copy as curl" />}
        </div>
        {request ? <Request request={request} /> : <p className={classes.none}>Nothing was sent.</p>}
      </section>
      <section className={classes.side} aria-label="Answer">
        <div className={classes.head}>
          <h4 className={classes.title}>Answer</h4>
        </div>
        {fault && (
          <p className={classes.fault}>
            <strong>{fault.kind}</strong> <span className="bt-outside">{fault.detail}</span>
          </p>
        )}
        {answer ? <AnswerPart answer={answer} /> : !fault && <p className={classes.none}>No answer came.</p>}
      </section>
    </div>
  );
}

function Request({ request }: { request: Sent }) {
  return (
    <>
      <p className={classes.line}>
        <strong>{request.method}</strong> <span className="bt-outside">{request.url}</span>
      </p>
      <Headers headers={request.headers} />
      <JsonPane text={request.body} label="Request body" emptyText="It had no body." />
      {!request.body_is_text && <p className={classes.note}>The body was not text; what is not UTF-8 is shown as �.</p>}
    </>
  );
}

function AnswerPart({ answer }: { answer: Answer }) {
  const whole = Number(answer.headers.find((header) => header.name.toLowerCase() === 'content-length')?.value);
  const known = answer.cut && Number.isSafeInteger(whole) && whole > KEPT_BYTES;
  return (
    <>
      <p className={classes.line}>
        <strong>HTTP {answer.status}</strong>
      </p>
      <Headers headers={answer.headers} />
      <JsonPane
        text={answer.body}
        label="Answer body"
        emptyText="It had no body."
        truncatedFrom={known ? whole : undefined}
      />
      {answer.cut && !known && (
        <p className={classes.note}>The body went on; its first {bytes(KEPT_BYTES)} were kept.</p>
      )}
      {!answer.body_is_text && <p className={classes.note}>The body was not text; what is not UTF-8 is shown as �.</p>}
    </>
  );
}

function Headers({ headers }: { headers: Sent['headers'] }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  if (headers.length === 0) return null;
  return (
    <div className={classes.headers}>
      <button
        type="button"
        className={classes.toggle}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => { setOpen(!open); }}
      >
        <ChevronRight size={13} aria-hidden="true" />
        {headers.length === 1 ? '1 header' : `${String(headers.length)} headers`}
      </button>
      {open && (
        <dl id={id} className={classes.list}>
          {headers.map(({ name, value }, at) => (
            <div key={`${name}${String(at)}`}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
