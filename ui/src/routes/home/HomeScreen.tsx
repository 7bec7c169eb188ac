import { Navigate } from '@tanstack/react-router';
import { Lock } from 'lucide-react';
import { useCan } from '@/api/use-me';
import { useNavItems } from '@/app/Navigation';
import { EmptyState } from '@/components/EmptyState';
import { Start } from './Start';

/** `/admin/`: where somebody begins; who may see neither leads nor the set-up goes to what they may. */
export default function HomeScreen() {
  const leads = useCan('leads:read');
  const setUp = useCan('config:read');
  const first = useNavItems().find((item) => item.to !== '/');
  if (leads && setUp) return <Start />;
  if (first) return <Navigate to={first.to} search={{}} replace />;
  return (
    <EmptyState icon={Lock} title="Nothing to see with this account">
      Whoever invited you can give you a role in this workspace.
    </EmptyState>
  );
}
