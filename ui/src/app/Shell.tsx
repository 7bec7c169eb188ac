import { ActionIcon, Drawer } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon, Search } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { authState, me } from '@/api/accounts';
import { usePhone } from '@/components/use-phone';
import { AccountMenu } from './AccountMenu';
import { keepEarlyKeys } from './early-keys';
import { useKeys } from './keyboard';
import { Navigation, useGoKeys } from './Navigation';
import { useWorkspaceLooks } from './own-workspace';
import classes from './Shell.module.css';
import { WorkspaceSwitch } from './WorkspaceSwitch';

const loadSearch = () => import('./SearchDialog');
const loadKeys = () => import('./KeyHelp');
const SearchDialog = lazy(loadSearch);
const KeyHelp = lazy(loadKeys);
/** When the page has what it shows; what is opened by a key is fetched then, before it is pressed. */
const FETCH_AHEAD_MS = 1_000;

/** The frame: navigation, header, and the screen in between. */
export function Shell() {
  const phone = usePhone();
  const [navOpen, setNavOpen] = useState(false);
  const [dialog, setDialog] = useState<'search' | 'keys'>();
  const early = useRef<() => string>(() => '');
  const openSearch = (): void => {
    early.current();
    early.current = keepEarlyKeys();
    setDialog('search');
  };
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { data: person } = useQuery(me);
  useGoKeys();
  useKeys([
    { keys: '/', label: 'Search', group: 'Everywhere', run: openSearch },
    { keys: '?', label: 'Show the keys', group: 'Everywhere', run: () => { setDialog('keys'); } },
  ]);
  useWorkspaceLooks();
  useEffect(() => {
    // A key opens them: they have to be there at once.
    const timer = setTimeout(() => void Promise.allSettled([loadSearch(), loadKeys()]), FETCH_AHEAD_MS);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  if (!person) return null;
  const close = (): void => {
    early.current();
    setDialog(undefined);
  };
  return (
    <div className={classes.shell}>
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      {phone ? (
        <Drawer.Root opened={navOpen} onClose={() => { setNavOpen(false); }} size={264} padding={0}>
          <Drawer.Overlay />
          <Drawer.Content aria-label="Navigation">
            <Side onNavigate={() => { setNavOpen(false); }} />
          </Drawer.Content>
        </Drawer.Root>
      ) : (
        <div className={classes.side}>
          <Side />
        </div>
      )}
      <div className={classes.main}>
        <header className={classes.head}>
          {phone && (
            <ActionIcon aria-label="Open the navigation" size={36} onClick={() => { setNavOpen(true); }}>
              <MenuIcon size={19} />
            </ActionIcon>
          )}
          <button type="button" className={classes.search} onClick={openSearch}>
            <Search size={14} aria-hidden="true" />
            <span>Search leads, or go to…</span>
            <kbd>/</kbd>
          </button>
          <div className={classes.headEnd}>
            <InsecureMark />
            <AccountMenu person={person} onKeys={() => { setDialog('keys'); }} />
          </div>
        </header>
        {/* The key makes the focus and the scroll of a page its own. */}
        <main id="content" tabIndex={-1} className={classes.content} data-path={path}>
          <Outlet />
        </main>
      </div>
      <Suspense>
        {dialog === 'search' && <SearchDialog onClose={close} early={() => early.current()} />}
        {dialog === 'keys' && <KeyHelp onClose={close} />}
      </Suspense>
    </div>
  );
}

function Side({ onNavigate }: { onNavigate?: () => void }) {
  return (
    <div className={classes.sideBody}>
      <WorkspaceSwitch />
      <Navigation onNavigate={onNavigate} />
    </div>
  );
}

/** A quiet reminder that the way to the server is not encrypted. */
function InsecureMark() {
  const { data } = useQuery({ ...authState, staleTime: Infinity, retry: false });
  if (!data?.insecure) return null;
  return (
    <span className={classes.insecure} title="This page came over plain http: whoever is on the way can read it.">
      Not encrypted
    </span>
  );
}
