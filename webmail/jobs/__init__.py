"""JOBS: what runs without a browser. Law: a job sees the mail service only, as the pages do."""
