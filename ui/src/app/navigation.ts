import {
  ArrowDownToLine,
  BarChart3,
  Files,
  House,
  Inbox,
  KeyRound,
  type LucideIcon,
  Megaphone,
  ScrollText,
  Send,
  Settings,
  Split,
  Users,
  Webhook,
} from 'lucide-react';

export interface NavItem {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Without this scope the screen would only say no, so it is not offered. */
  scope?: string;
  /** The key after `g`. */
  key: string;
  group: 'work' | 'set-up' | 'admin';
}

/** The navigation. An item shows as soon as its route is in `routes/registry.ts`. */
export const navItems: readonly NavItem[] = [
  { to: '/', label: 'Home', icon: House, key: 'h', group: 'work' },
  { to: '/leads', label: 'Leads', icon: Inbox, scope: 'leads:read', key: 'l', group: 'work' },
  { to: '/deliveries', label: 'Deliveries', icon: Send, scope: 'leads:read', key: 'd', group: 'work' },
  { to: '/reports', label: 'Reports', icon: BarChart3, scope: 'leads:read', key: 'r', group: 'work' },
  { to: '/campaigns', label: 'Campaigns', icon: Megaphone, scope: 'config:read', key: 'c', group: 'set-up' },
  { to: '/sources', label: 'Sources', icon: ArrowDownToLine, scope: 'config:read', key: 's', group: 'set-up' },
  { to: '/destinations', label: 'Destinations', icon: Split, scope: 'config:read', key: 't', group: 'set-up' },
  { to: '/webhooks', label: 'Webhooks', icon: Webhook, scope: 'config:read', key: 'w', group: 'set-up' },
  { to: '/import', label: 'Import', icon: Files, scope: 'config:read', key: 'i', group: 'set-up' },
  { to: '/keys', label: 'API keys', icon: KeyRound, scope: 'keys', key: 'k', group: 'admin' },
  { to: '/users', label: 'Users', icon: Users, scope: 'users', key: 'u', group: 'admin' },
  { to: '/audit', label: 'Audit log', icon: ScrollText, scope: 'audit:read', key: 'a', group: 'admin' },
  { to: '/settings', label: 'Settings', icon: Settings, scope: 'config:read', key: 'e', group: 'admin' },
];
