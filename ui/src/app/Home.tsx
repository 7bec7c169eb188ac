import { Navigate } from '@tanstack/react-router';
import { Lock } from 'lucide-react';
import { EmptyState } from '@/components/EmptyState';
import { useNavItems } from './Navigation';

/** `/admin/`: the first screen the person may see. */
export default function Home() {
  const [first] = useNavItems();
  if (first) return <Navigate to={first.to} search={{}} replace />;
  return (
    <EmptyState icon={Lock} title="Nothing to see with this account">
      Whoever invited you can give you a role in this workspace.
    </EmptyState>
  );
}
