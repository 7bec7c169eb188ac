import { Portal } from '@mantine/core';
import { CircleCheck } from 'lucide-react';
import { useStore } from '@/api/store';
import { toasts } from './toast';
import classes from './Toasts.module.css';

/** Where toasts appear; the frame has it. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <Portal>
      <div className={classes.place} role="status" aria-live="polite">
        {shown.map((toast) => (
          <div key={toast.id} className={classes.toast}>
            <CircleCheck size={16} aria-hidden="true" />
            <span className="bt-outside">{toast.message}</span>
          </div>
        ))}
      </div>
    </Portal>
  );
}
