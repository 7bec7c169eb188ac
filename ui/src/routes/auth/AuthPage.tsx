import type { ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { authState } from '@/api/accounts';
import { Brand } from '@/app/Brand';
import { useTitle } from '@/app/title';
import classes from './AuthPage.module.css';

/** The page around a form of somebody who is not signed in. */
export function AuthPage({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  useTitle(title);
  const { data: state } = useQuery({ ...authState, retry: false });
  return (
    <div className={classes.page}>
      <main className={classes.box}>
        <div className={classes.brand}>
          <Brand size={34} />
          <span>Baton</span>
        </div>
        <h1 className={classes.title}>{title}</h1>
        {intro !== undefined && <p className={classes.intro}>{intro}</p>}
        {children}
      </main>
      {state?.insecure && (
        <p className={classes.insecure}>
          <TriangleAlert size={15} aria-hidden="true" />
          This page came over plain http: what you write here can be read on the way. Fine on your own machine; put
          https before it anywhere else.
        </p>
      )}
      {state !== undefined && <p className={classes.version}>Baton {state.version}</p>}
    </div>
  );
}
