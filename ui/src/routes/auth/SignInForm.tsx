import { Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type Me, signIn, wantsSecondFactor } from '@/api/accounts';
import { Problem } from '@/api/problem';
import { ProblemPanel } from '@/components/ProblemPanel';

/** E-mail and password, then the second factor when the account has one. */
export function SignInForm({ email: known = '', onDone }: { email?: string; onDone: (person: Me) => void }) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [step, setStep] = useState<'password' | 'code'>('password');
  const mutation = useMutation<Me, Problem>({
    mutationFn: () => signIn({ email: email.trim(), password, ...(step === 'code' ? { code: code.trim() } : {}) }),
    onSuccess: onDone,
    onError: (problem) => {
      if (wantsSecondFactor(problem)) setStep('code');
    },
  });
  const { error } = mutation;
  // Being asked for the code the first time is no error.
  const shown = error && !(wantsSecondFactor(error) && code === '') ? error : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        mutation.mutate();
      }}
    >
      <Stack gap="md">
        {step === 'password' ? (
          <>
            <TextInput
              label="E-mail"
              type="email"
              name="email"
              autoComplete="username"
              required
              withAsterisk={false}
              data-autofocus={known === '' ? true : undefined}
              autoFocus={known === ''}
              value={email}
              onChange={(event) => { setEmail(event.currentTarget.value); }}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              withAsterisk={false}
              data-autofocus={known === '' ? undefined : true}
              autoFocus={known !== ''}
              value={password}
              onChange={(event) => { setPassword(event.currentTarget.value); }}
            />
          </>
        ) : (
          <CodeStep code={code} onCode={setCode} />
        )}
        {shown && <SignInProblem problem={shown} step={step} />}
        <Button type="submit" size="md" fullWidth loading={mutation.isPending}>
          {step === 'password' ? 'Sign in' : 'Continue'}
        </Button>
        {step === 'code' && (
          <Anchor
            component="button"
            type="button"
            size="sm"
            onClick={() => {
              setStep('password');
              setCode('');
              mutation.reset();
            }}
          >
            Back
          </Anchor>
        )}
      </Stack>
    </form>
  );
}

function CodeStep({ code, onCode }: { code: string; onCode: (code: string) => void }) {
  const [recovery, setRecovery] = useState(false);
  return (
    <>
      <TextInput
        key={String(recovery)}
        label={recovery ? 'Recovery code' : 'Code of your authenticator app'}
        description={recovery ? 'One of the codes you kept. Each works once.' : 'Six digits, a new one every 30 seconds.'}
        name="code"
        autoComplete="one-time-code"
        inputMode={recovery ? 'text' : 'numeric'}
        placeholder={recovery ? 'xxxx-xxxx' : '123 456'}
        required
        withAsterisk={false}
        autoFocus
        value={code}
        onChange={(event) => { onCode(event.currentTarget.value); }}
      />
      <Anchor
        component="button"
        type="button"
        size="sm"
        ta="left"
        onClick={() => {
          setRecovery(!recovery);
          onCode('');
        }}
      >
        {recovery ? 'Use the authenticator app' : 'Use a recovery code'}
      </Anchor>
    </>
  );
}

function SignInProblem({ problem, step }: { problem: Problem; step: 'password' | 'code' }) {
  if (problem.code === 'rate_limited') {
    const wait = problem.retryAfter === undefined ? 'a moment' : `${String(problem.retryAfter)} s`;
    return <ProblemPanel error={problem} title={`Too many tries: wait ${wait}`} />;
  }
  const known = problem.code === 'sign_in_failed' || wantsSecondFactor(problem);
  if (!known) return <ProblemPanel error={problem} />;
  return <ProblemPanel error={problem} title={step === 'code' ? 'This code is not right' : 'That did not match'} />;
}
