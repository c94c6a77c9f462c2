-- How requests to managed URLs are treated, and what they came to.

-- As JSON; what is not in it is as it is by default.
ALTER TABLE managed_urls ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
