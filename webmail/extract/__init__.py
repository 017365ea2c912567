"""Text and pictures of attachments. Law: what a file can break is read in a child process that can be killed; no network, no database."""
