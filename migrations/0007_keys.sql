-- Which of the installation's keys a workspace's key is encrypted with: a fingerprint. Unknown of those before this.
ALTER TABLE data_keys ADD COLUMN wrapped_by TEXT;
