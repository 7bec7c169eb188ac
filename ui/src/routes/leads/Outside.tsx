import { webAddress } from './values';

/** Text that came from outside; an address of the web is a link that tells nothing about us. */
export function Outside({ text }: { text: string }) {
  const href = webAddress(text);
  if (href === undefined) return <bdi className="bt-outside">{text}</bdi>;
  return (
    <a className="bt-outside" href={href} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
      {text}
    </a>
  );
}
