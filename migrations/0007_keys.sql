-- Which of the installation's keys a workspace's key is encrypted with: a fingerprint; empty for those before this.
ALTER TABLE data_keys ADD COLUMN wrapped_by TEXT NOT NULL DEFAULT '';
CREATE INDEX data_keys_by_wrapping ON data_keys (wrapped_by);
