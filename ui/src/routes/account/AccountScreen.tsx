import { Page } from '@/components/Page';
import { NameSection } from './NameSection';
import { PasswordSection } from './PasswordSection';
import { SecondFactorSection } from './SecondFactorSection';
import { SessionsSection } from './SessionsSection';

/** The person's own account. */
export default function AccountScreen() {
  return (
    <Page title="Your account">
      <NameSection />
      <PasswordSection />
      <SecondFactorSection />
      <SessionsSection />
    </Page>
  );
}
