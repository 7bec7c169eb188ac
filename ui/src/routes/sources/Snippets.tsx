import { Tabs } from '@mantine/core';
import type { Campaign } from '@/api/campaigns';
import { CopyButton } from '@/components/CopyButton';
import classes from './Sources.module.css';
import { LANGUAGES, type Language, snippet } from './snippets';

/** Ready-made code that posts a lead to the source. */
export function Snippets({
  url,
  campaign,
  signed,
  language,
  onLanguage,
}: {
  url: string;
  campaign: Campaign;
  signed: boolean;
  language: Language;
  onLanguage: (language: Language) => void;
}) {
  const text = snippet(language, { url, fields: campaign.fields, country: campaign.country, signed });
  const label = LANGUAGES.find((one) => one.value === language)?.label ?? language;
  return (
    <Tabs
      value={language}
      onChange={(value) => { onLanguage(LANGUAGES.find((one) => one.value === value)?.value ?? 'curl'); }}
      className={classes.snippets}
    >
      <div className={classes.snippetHead}>
        <Tabs.List className={classes.snippetTabs}>
          {LANGUAGES.map((one) => (
            <Tabs.Tab key={one.value} value={one.value}>
              {one.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <CopyButton text={text} what={`the ${label} snippet`} />
      </div>
      {LANGUAGES.map((one) => (
        <Tabs.Panel key={one.value} value={one.value}>
          {one.value === language && (
            <pre className={classes.snippet} tabIndex={0} aria-label={`${label} snippet`}>
              {text}
            </pre>
          )}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
