-- The leads of a campaign, and of a source, whose campaign is known: without it a list of a campaign
-- with few leads, or old ones, looks through all leads of the workspace.
CREATE INDEX leads_campaign ON leads (campaign, id);
