import { PasswordInput } from '@mantine/core';
import { PASSWORD_CHARS_MIN } from '@/api/accounts';

/** A new password: at least so long, and nothing else asked of it. */
export function NewPassword({
  value,
  onChange,
  error,
  label = 'Password',
}: {
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
  label?: string;
}) {
  return (
    <PasswordInput
      label={label}
      name="new-password"
      description={`At least ${String(PASSWORD_CHARS_MIN)} characters. A few words in a row are good.`}
      autoComplete="new-password"
      required
      withAsterisk={false}
      minLength={PASSWORD_CHARS_MIN}
      value={value}
      error={error}
      onChange={(event) => { onChange(event.currentTarget.value); }}
    />
  );
}
