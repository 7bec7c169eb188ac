import type { ReactNode } from 'react';
import { useTitle } from '@/app/title';
import classes from './Page.module.css';

/**
 * A screen: its heading, what can be done on it, and its content. The title is also that of the
 * browser's tab. `wide` takes all the room (tables); otherwise lines stay short enough to read.
 */
export function Page({
  title,
  tabTitle,
  badge,
  intro,
  actions,
  back,
  wide,
  children,
}: {
  title: string;
  /** When the tab should say something else. */
  tabTitle?: string;
  /** Beside the heading: a state, a count. */
  badge?: ReactNode;
  intro?: ReactNode;
  actions?: ReactNode;
  /** A link above the heading to where this belongs. */
  back?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  useTitle(tabTitle ?? title);
  return (
    <div className={classes.page} data-wide={wide || undefined}>
      {back !== undefined && <div className={classes.back}>{back}</div>}
      <header className={classes.head}>
        <div className={classes.words}>
          <h1 className={classes.title}>
            <span className="bt-outside">{title}</span>
            {badge}
          </h1>
          {intro !== undefined && <p className={classes.intro}>{intro}</p>}
        </div>
        {actions !== undefined && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page or form: heading and explanation on the left, its fields on the right. */
export function Section({
  title,
  intro,
  wide,
  children,
}: {
  title: string;
  intro?: ReactNode;
  /** The words stand above, and the body has all the width: for tables. */
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={classes.section} aria-label={title} data-wide={wide || undefined}>
      <div className={classes.sectionWords}>
        <h2 className={classes.sectionTitle}>{title}</h2>
        {intro !== undefined && <div className={classes.sectionIntro}>{intro}</div>}
      </div>
      <div className={classes.sectionBody}>{children}</div>
    </section>
  );
}

/** A box with a border: for what belongs together within a page. */
export function Card({ children, padded = true }: { children: ReactNode; padded?: boolean }) {
  return (
    <div className={classes.card} data-padded={padded || undefined}>
      {children}
    </div>
  );
}

/** Names and values under each other, such as the facts about a lead. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {rows.map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
